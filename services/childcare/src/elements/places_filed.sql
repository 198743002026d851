-- childcare.places.filed: as childcare.places, of institutions whose filing stood at the end of $1; one that has
-- announced a change is still filed.
SELECT f.county AS region, CAST(SUM(cf.places) AS BIGINT) AS value
FROM institution_facts f
JOIN institution_filing s ON s.institution_id = f.institution_id
                         AND s.valid_from <= $1 AND (s.valid_to IS NULL OR s.valid_to > $1)
                         AND s.state IN ('FILED', 'CHANGE_PENDING')
JOIN class c ON c.institution_id = f.institution_id
            AND c.opened_on <= $1 AND (c.closed_on IS NULL OR c.closed_on > $1)
JOIN class_facts cf ON cf.class_id = c.id
                   AND cf.valid_from <= $1 AND (cf.valid_to IS NULL OR cf.valid_to > $1)
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.operating AND f.opened_on <= $1
GROUP BY f.county
