-- education.universities.county: county-tier universities 建有 at the end of $1.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM school_facts f
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.tier = 'COUNTY' AND f.established
GROUP BY f.county
