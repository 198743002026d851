//! 项目代码 of 投资项目在线审批监管平台: `YYMM-######-NN-NN-######` (month of coding, region, industry, kind, serial
//! number). Checked once at the door.

use registry::Fault;

/// Digits of the five groups.
const GROUPS: [usize; 5] = [4, 6, 2, 2, 6];

/// The code as it is kept, or PROJECT_CODE_INVALID. Full-width digits and dashes are made plain.
pub fn parse(text: &str) -> Result<String, Fault> {
    let code = contract::text::plain(text).replace(' ', "");
    let groups: Vec<&str> = code.split('-').collect();
    let digits = |group: &str, count: usize| group.len() == count && group.bytes().all(|byte| byte.is_ascii_digit());
    let right = groups.len() == GROUPS.len()
        && groups.iter().zip(GROUPS).all(|(group, count)| digits(group, count))
        && (1..=12).contains(&groups[0][2..].parse().unwrap_or(0));
    if right {
        return Ok(code);
    }
    let message = format!("项目代码“{text}”写法不对，应为年月-地区-行业-类型-顺序号，如2205-530402-04-01-123456");
    Err(Fault::cell("code", "PROJECT_CODE_INVALID", message))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_code_has_five_groups_of_digits_and_a_month() {
        assert_eq!(parse(" 2205-530402-04-01-123456 ").unwrap(), "2205-530402-04-01-123456");
        assert_eq!(parse("２２０５－530402－04－01－123456").unwrap(), "2205-530402-04-01-123456");
        for wrong in ["2213-530402-04-01-123456", "2200-530402-04-01-123456", "2205-53040-04-01-123456", "2205530402"] {
            assert_eq!(parse(wrong).unwrap_err().reason, "PROJECT_CODE_INVALID", "{wrong}");
        }
        assert!(parse("2205-530402-04-01-12345A").is_err() && parse("2205-530402-04-01-123456-1").is_err());
    }
}
