-- elderly.communities.day_care (C03, urban): 居委会 served at the end of $1 by at least one operating facility with day
-- care; one that several serve counts once, in its own county. Codes of 居委会 end in 001 to 199.
SELECT SUBSTR(v.village, 1, 6) AS region, CAST(COUNT(DISTINCT v.village) AS BIGINT) AS value
FROM facility_facts f
JOIN facility_village v ON v.facility_id = f.facility_id AND v.valid_from = f.valid_from
                       AND SUBSTR(v.village, 10, 3) BETWEEN '001' AND '199'
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.state = 'OPERATING' AND f.opened_on <= $1 AND f.has_day_care
GROUP BY SUBSTR(v.village, 1, 6)
