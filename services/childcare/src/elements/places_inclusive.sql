-- childcare.places.inclusive (C10): every place of a 公办 institution; of others no more places than a 普惠认定 that
-- is valid at the end of $1 recognises, and no more than there are.
WITH institution_places AS (
    SELECT f.institution_id, f.county, f.ownership, CAST(SUM(cf.places) AS BIGINT) AS places
    FROM institution_facts f
    JOIN class c ON c.institution_id = f.institution_id
                AND c.opened_on <= $1 AND (c.closed_on IS NULL OR c.closed_on > $1)
    JOIN class_facts cf ON cf.class_id = c.id
                       AND cf.valid_from <= $1 AND (cf.valid_to IS NULL OR cf.valid_to > $1)
    WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
      AND f.operating AND f.opened_on <= $1
    GROUP BY f.institution_id, f.county, f.ownership
),
recognised AS (
    SELECT institution_id, MAX(places) AS places
    FROM designation
    WHERE kind = 'INCLUSIVE'
      AND valid_from <= $1 AND (valid_to IS NULL OR valid_to >= $1) AND (revoked_on IS NULL OR revoked_on > $1)
    GROUP BY institution_id
)
SELECT p.county AS region,
       CAST(SUM(CASE WHEN p.ownership = 'PUBLIC' THEN p.places
                     WHEN r.places IS NULL THEN 0
                     WHEN r.places < p.places THEN r.places
                     ELSE p.places END) AS BIGINT) AS value
FROM institution_places p
LEFT JOIN recognised r ON r.institution_id = p.institution_id
GROUP BY p.county
