-- childcare.institutions.demo (C11): operating institutions with a 示范 of the nation, the province or the city that is
-- valid at the end of $1; an institution with two counts once.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM institution_facts f
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1)
  AND f.operating AND f.opened_on <= $1
  AND EXISTS (
      SELECT 1 FROM designation d
      WHERE d.institution_id = f.institution_id AND d.kind = 'DEMONSTRATION'
        AND d.level IN ('NATIONAL', 'PROVINCE', 'CITY')
        AND d.valid_from <= $1 AND (d.valid_to IS NULL OR d.valid_to >= $1)
        AND (d.revoked_on IS NULL OR d.revoked_on > $1))
GROUP BY f.county
