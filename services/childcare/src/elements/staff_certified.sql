-- childcare.staff.certified (C13): of the people of childcare.staff.carers those who have, with any of their posts, a certificate
-- that is valid at the end of $1. Counted where childcare.staff.carers counts them.
SELECT county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM (
    SELECT f.county,
           MAX(CASE WHEN sf.certificate <> 'NONE' AND (sf.certificate_until IS NULL OR sf.certificate_until >= $1)
                    THEN 1 ELSE 0 END) OVER (PARTITION BY COALESCE(p.merged_into, p.id)) AS certified,
           ROW_NUMBER() OVER (
        PARTITION BY COALESCE(p.merged_into, p.id) ORDER BY s.hired_on, s.id) AS post
    FROM staff s
    JOIN person p ON p.id = s.person_id
    JOIN staff_facts sf ON sf.staff_id = s.id
                       AND sf.valid_from <= $1 AND (sf.valid_to IS NULL OR sf.valid_to > $1)
    JOIN institution_facts f ON f.institution_id = s.institution_id
                            AND f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
    WHERE s.hired_on <= $1 AND (s.left_on IS NULL OR s.left_on > $1)
      AND (sf.role = 'CARER' OR (sf.role = 'PRINCIPAL' AND sf.on_floor))
      AND f.operating AND f.opened_on <= $1
) carers
WHERE post = 1 AND certified = 1
GROUP BY county
