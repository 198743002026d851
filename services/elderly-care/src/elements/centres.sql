-- elderly.centres (E09): 社区居家养老服务中心 and 农村互助养老服务站 operating at the end of $1.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM facility_facts f
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.state = 'OPERATING' AND f.opened_on <= $1
  AND f.type IN ('HOME_CARE_CENTRE', 'RURAL_MUTUAL_STATION')
GROUP BY f.county
