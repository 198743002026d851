-- elderly.communities_all.day_care (C03, all): as elderly.communities.day_care, 村委会 too.
SELECT SUBSTR(v.village, 1, 6) AS region, CAST(COUNT(DISTINCT v.village) AS BIGINT) AS value
FROM facility_facts f
JOIN facility_village v ON v.facility_id = f.facility_id AND v.valid_from = f.valid_from
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.state = 'OPERATING' AND f.opened_on <= $1 AND f.has_day_care
GROUP BY SUBSTR(v.village, 1, 6)
