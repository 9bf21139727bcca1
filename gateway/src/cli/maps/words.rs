//! Faults of maps in words, Chinese and English.

use crate::domain::geo_check::{Fault, Hint, Place};

/// What is wrong, in a line.
pub(super) fn words(fault: &Fault) -> String {
    match fault {
        Fault::NoFeature => "没有要素 there is no feature".to_owned(),
        Fault::NotAFeature { found } => format!("不是要素 no feature with properties and geometry: {found}"),
        Fault::NotAPolygon { found } => format!("不是多边形 neither Polygon nor MultiPolygon: {found}"),
        Fault::NoRing => "没有环 the area is empty".to_owned(),
        Fault::ShortRing => "环少于四点 a ring has fewer than four positions".to_owned(),
        Fault::OpenRing { at } => format!("环未闭合 a ring is not closed, from {}", place(at)),
        Fault::NotDegrees { at, hint } => {
            format!("坐标不是经纬度 no longitude and latitude: {}{}", place(at), hinted(*hint))
        }
        Fault::SelfCrossing { at } => format!("环自相交 a ring crosses or touches itself near {}", place(at)),
        Fault::HoleOutsideShell { at } => {
            format!("内环越出外环 a hole reaches out of its shell or into another near {}", place(at))
        }
        Fault::RingOrder => {
            "环方向相反 a ring runs the wrong way (shells counter-clockwise, holes clockwise); it is read all the same"
                .to_owned()
        }
        Fault::Code { found } => {
            format!("编码有误 the code is not 14 or 15 digits (a unit grid's: 1 to 20 letters and digits): {found}")
        }
        Fault::CodeTwice { first } => format!("编码重复 the code is that of feature {first} as well"),
        Fault::Property { name, found } => format!("属性有误 property {name}: {found}"),
        Fault::MissingProperties { names } => format!("缺少属性 missing: {}", names.join(", ")),
        Fault::OutsideChina { at, hint } => {
            format!("在中国范围之外 outside China: {}{}", place(at), hinted(*hint))
        }
        Fault::Overlap { other, other_code, area_m2, at } => {
            format!("重叠 overlaps feature {other} ({other_code}) by {area_m2:.1} m2 at {}", place(at))
        }
        Fault::OverlapSliver { other, other_code, area_m2, at } => format!(
            "狭长重叠 overlaps feature {other} ({other_code}) by a sliver of {area_m2:.2} m2 at {}",
            place(at)
        ),
        Fault::Gap { area_m2, at } => format!("空隙 a gap of {area_m2:.1} m2 at {}", place(at)),
        Fault::GapSliver { area_m2, at } => {
            format!("狭长空隙 a gap, a sliver of {area_m2:.2} m2, at {}", place(at))
        }
    }
}

/// A place as it stands in the file; Rust writes the shortest text that reads back as the same number.
fn place(at: &Place) -> String {
    format!("[{}, {}]", at.lon, at.lat)
}

const fn hinted(hint: Hint) -> &'static str {
    match hint {
        Hint::None => "",
        Hint::Swapped => " (经纬度似乎颠倒 longitude and latitude seem to be swapped)",
        Hint::Metres => " (似乎是平面坐标 these seem to be metres on a plane)",
    }
}
