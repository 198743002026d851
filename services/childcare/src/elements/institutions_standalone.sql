-- childcare.institutions.standalone: of childcare.institutions, 托育机构.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM institution_facts f
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.operating AND f.opened_on <= $1
  AND f.kind = 'STANDALONE'
GROUP BY f.county
