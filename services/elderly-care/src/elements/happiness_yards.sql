-- elderly.happiness_yards: 农村幸福院 operating at the end of $1.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM facility_facts f
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.state = 'OPERATING' AND f.opened_on <= $1
  AND f.type = 'HAPPINESS_YARD'
GROUP BY f.county
