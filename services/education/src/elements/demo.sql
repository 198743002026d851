-- education.demo: open schools with a valid designation at the end of $1; a school counts once, whatever its levels.
SELECT f.county AS region, CAST(COUNT(*) AS BIGINT) AS value
FROM school_facts f
WHERE f.valid_from <= $1 AND (f.valid_to IS NULL OR f.valid_to > $1) AND f.state = 'OPEN'
  AND EXISTS (SELECT 1 FROM demonstration d
              WHERE d.school_id = f.school_id AND d.valid_from <= $1 AND (d.valid_to IS NULL OR d.valid_to >= $1)
                AND (d.revoked_on IS NULL OR d.revoked_on > $1))
GROUP BY f.county
