-- childcare.places (C09): places of the classes open at the end of $1, of the institutions operating then.
SELECT f.county AS region, CAST(SUM(cf.places) AS BIGINT) AS value
FROM institution_facts f
JOIN class c ON c.institution_id = f.institution_id
            AND c.opened_on <= $1 AND (c.closed_on IS NULL OR c.closed_on > $1)
JOIN class_facts cf ON cf.class_id = c.id
                   AND cf.valid_from <= $1 AND (cf.valid_to IS NULL OR cf.valid_to > $1)
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.operating AND f.opened_on <= $1
GROUP BY f.county
