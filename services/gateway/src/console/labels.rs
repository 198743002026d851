//! Where the words of a chart go: beside what they name, off the lines and off each other. There is no legend, so a
//! label that cannot be read is worse than none.

/// A rectangle in tenths of a pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) right: i64,
    pub(super) bottom: i64,
}

impl Area {
    fn overlaps(&self, other: &Area) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    fn holds(&self, (x, y): (i64, i64)) -> bool {
        (self.left..self.right).contains(&x) && (self.top..self.bottom).contains(&y)
    }

    /// Across and down from a point to the nearest edge.
    fn distance(&self, (x, y): (i64, i64)) -> i64 {
        let off = |low: i64, at: i64, high: i64| (low - at).max(at - high).max(0);
        off(self.left, x, self.right) + off(self.top, y, self.bottom)
    }

    fn within(&self, outer: &Area) -> bool {
        self.left >= outer.left && self.right <= outer.right && self.top >= outer.top && self.bottom <= outer.bottom
    }
}

/// Words that want to stand beside a point.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) text: String,
    pub(super) class: &'static str,
    pub(super) at: (i64, i64),
    pub(super) side: Side,
    /// Left out when it fits nowhere.
    pub(super) optional: bool,
}

/// Where a label would rather stand, so that it is not taken for another line's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Above,
    Below,
    Either,
}

/// Words with their place; anchored at their start, `y` is the baseline.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) class: &'static str,
    pub(super) x: i64,
    pub(super) y: i64,
}

/// Distances from the point at which a label may stand, in tenths of a pixel.
const RINGS: [i64; 6] = [80, 180, 320, 460, 560, 660];

/// What a line through a label costs, in pixels of distance; an optional label is not worth as much.
const CROSSED: i64 = 50;

/// What the wrong side costs.
const WRONG_SIDE: i64 = 60;

/// Places the labels, the most important first, at the free place nearest to their points.
pub(super) fn place(labels: Vec<Label>, lines: &[Vec<(i64, i64)>], bounds: &Area, size: i64) -> Vec<Placed> {
    let ink: Vec<(i64, i64)> = lines.iter().flat_map(|line| sampled(line)).collect();
    let (mut taken, mut placed) = (Vec::<Area>::new(), Vec::new());
    for label in labels {
        let (width, height) = (width(&label.text, size), size * 5 / 4);
        let cost = |area: &Area| {
            let distance = area.distance(label.at) / 10;
            let hidden = taken.iter().filter(|other| area.overlaps(other)).count() as i64;
            let crossed = ink.iter().filter(|point| area.holds(**point)).count() as i64;
            let wrong = match label.side {
                Side::Above => area.bottom > label.at.1,
                Side::Below => area.top < label.at.1,
                Side::Either => false,
            };
            distance
                + i64::from(wrong) * WRONG_SIDE
                + crossed * CROSSED
                + hidden * 2000
                + i64::from(!area.within(bounds)) * 5000
        };
        let areas = RINGS.iter().flat_map(|distance| around(label.at, *distance, width, height));
        let best = areas.map(|area| (cost(&area), area)).min_by_key(|(cost, _)| *cost);
        let Some((cost, area)) = best else { continue };
        if label.optional && cost >= CROSSED {
            continue;
        }
        placed.push(Placed { text: label.text, class: label.class, x: area.left, y: area.bottom - size / 3 });
        taken.push(area);
    }
    placed
}

/// Beside the point, then over and under it, then ending at it; the first that is free is taken.
fn around((x, y): (i64, i64), distance: i64, width: i64, height: i64) -> [Area; 10] {
    let area = |left: i64, top: i64| Area { left, top, right: left + width, bottom: top + height };
    let (left, right, middle) = (x - distance - width, x + distance, x - width / 2);
    let (above, below, level) = (y - distance - height, y + distance, y - height / 2);
    [
        area(left, above),
        area(right, below),
        area(right, above),
        area(left, below),
        area(middle, above),
        area(middle, below),
        area(left, level),
        area(right, level),
        area(x - width, below),
        area(x - width, above),
    ]
}

/// Points along a line, close enough that none slips through a letter.
fn sampled(line: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let between = |pair: &[(i64, i64)]| {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        let steps = ((to_x - x).abs().max((to_y - y).abs()) / 40).max(1);
        (0..=steps).map(move |step| (x + (to_x - x) * step / steps, y + (to_y - y) * step / steps)).collect::<Vec<_>>()
    };
    match line {
        [only] => vec![*only],
        line => line.windows(2).flat_map(between).collect(),
    }
}

/// Han characters are as wide as the type is high, digits a little over half.
fn width(text: &str, size: i64) -> i64 {
    text.chars().map(|character| if character.is_ascii() { size * 6 / 10 } else { size }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_off_lines_and_each_other() {
        let bounds = Area { left: 0, top: 0, right: 4000, bottom: 2000 };
        let line = vec![(0, 2000), (4000, 0)];
        let label =
            |at| Label { text: "目标 4.5".to_owned(), class: "strong", at, side: Side::Either, optional: false };
        let placed = place(vec![label((2000, 1000)), label((2000, 1000)), label((4000, 0))], &[line], &bounds, 140);
        assert_eq!(placed.len(), 3);
        let area =
            |one: &Placed| Area { left: one.x, top: one.y - 120, right: one.x + width(&one.text, 140), bottom: one.y };
        assert!(!area(&placed[0]).overlaps(&area(&placed[1])));
        assert!(placed.iter().all(|one| area(one).within(&bounds)));
    }
}
