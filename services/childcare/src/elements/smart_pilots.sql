-- childcare.smart_pilots: institutions operating at the end of $1 that pilot smart childcare (with elderly care's half: E15).
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM institution_facts f
WHERE f.smart_pilot AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.operating AND f.opened_on <= $1
GROUP BY f.county
