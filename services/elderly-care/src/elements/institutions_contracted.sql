-- elderly.institutions.contracted (E13, by contract): of elderly.institutions, those with a contract and no clinic of
-- their own.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM institution i
JOIN institution_state s ON s.institution_id = i.id
                        AND s.valid_from <= $1 AND (s.valid_to IS NULL OR s.valid_to > $1)
                        AND s.state IN ('UNFILED', 'FILING_SUBMITTED', 'FILED', 'OPERATING')
JOIN institution_facts f ON f.institution_id = i.id
                        AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
WHERE i.opened_on <= $1
  AND f.medical_mode = 'CONTRACT'
GROUP BY f.county
