-- childcare.staff.carers (C13): people who cared for children at the end of $1, in an institution operating then: carers, and
-- principals who also care. A person with several posts counts once, in the county of the post that began first.
SELECT county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM (
    SELECT f.county, ROW_NUMBER() OVER (
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
WHERE post = 1
GROUP BY county
