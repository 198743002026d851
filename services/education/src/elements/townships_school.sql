-- education.townships.school: townships with at least one branch 建有 at the end of $1; a township counts once.
SELECT f.county AS region, CAST(COUNT(DISTINCT f.region) AS BIGINT) AS value
FROM school_facts f
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.tier = 'TOWNSHIP' AND f.established
GROUP BY f.county
