//! How a name is blocked, from what the resolver answers for it and for the others.

use sonde_report::Cause;
use sonde_report::values::{DnsBlock, DnsComparison, DnsQuestion, DnsValue};

use super::altered::{Altered, altered};

/// Names the cause of each name that has no or a wrong answer. A resolver that refuses or fails on everything blocks no
/// name: it does not work, or not for us. "No such name" is only called a denial where a reference knows the name.
pub(super) fn name_causes(value: &mut DnsValue) {
    let works = value.questions.iter().any(|asked| asked.failure.is_none());
    for question in &mut value.questions {
        // What the comparison found already stands.
        question.blocked = question.blocked.or_else(|| cause(question, works));
    }
}

fn cause(question: &DnsQuestion, others_answered: bool) -> Option<DnsBlock> {
    let known_elsewhere = question.compared == Some(DnsComparison::BlockedHere);
    match question.failure.as_ref()?.cause {
        Cause::DnsAltered => {
            let addresses: Vec<_> = question.answer.iter().filter_map(|text| text.parse().ok()).collect();
            Some(match altered(&question.name, &addresses)? {
                Altered::Nowhere => DnsBlock::NullAddress,
                Altered::Private => DnsBlock::PrivateAddress,
            })
        }
        Cause::ResolverFailure if others_answered => match question.response_code.as_deref() {
            Some("REFUSED") => Some(DnsBlock::Refused),
            Some("SERVFAIL") => Some(DnsBlock::ServerFailure),
            _ => None,
        },
        Cause::NameNotFound if known_elsewhere => Some(DnsBlock::NameDenied),
        Cause::NoAddress if known_elsewhere => Some(DnsBlock::AddressDenied),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sonde_report::values::DnsPath;
    use sonde_report::{Failure, Stage};

    use super::*;

    fn question(cause: Option<Cause>, code: &str, answer: &[&str]) -> DnsQuestion {
        DnsQuestion {
            name: "gar.education.fr".to_owned(),
            failure: cause.map(|cause| Failure::new(Stage::Dns, cause)),
            response_code: Some(code.to_owned()),
            answer: answer.iter().map(|text| (*text).to_owned()).collect(),
            ..DnsQuestion::default()
        }
    }

    fn causes(questions: Vec<DnsQuestion>) -> Vec<Option<DnsBlock>> {
        let mut value = DnsValue {
            resolver: DnsPath::System,
            asked: 0,
            answered: 0,
            median_us: None,
            max_us: None,
            questions,
            conduct: None,
            search: None,
        };
        name_causes(&mut value);
        value.questions.iter().map(|question| question.blocked).collect()
    }

    #[test]
    fn each_way_of_blocking_has_its_own_name() {
        let found = causes(vec![
            question(None, "NOERROR", &["192.0.2.1"]),
            question(Some(Cause::ResolverFailure), "REFUSED", &[]),
            question(Some(Cause::ResolverFailure), "SERVFAIL", &[]),
            question(Some(Cause::DnsAltered), "NOERROR", &["0.0.0.0"]),
            question(Some(Cause::DnsAltered), "NOERROR", &["10.0.0.1"]),
            question(Some(Cause::NameNotFound), "NXDOMAIN", &[]),
            question(Some(Cause::Timeout), "NOERROR", &[]),
        ]);
        assert_eq!(
            found,
            [
                None,
                Some(DnsBlock::Refused),
                Some(DnsBlock::ServerFailure),
                Some(DnsBlock::NullAddress),
                Some(DnsBlock::PrivateAddress),
                None, // without a reference, perhaps it does not exist
                None,
            ]
        );
    }

    #[test]
    fn no_such_name_is_a_denial_only_where_a_reference_knows_it() {
        let mut denied = question(Some(Cause::NameNotFound), "NXDOMAIN", &[]);
        denied.compared = Some(DnsComparison::BlockedHere);
        let mut empty = question(Some(Cause::NoAddress), "NOERROR", &[]);
        empty.compared = Some(DnsComparison::BlockedHere);
        let mut same = question(Some(Cause::NameNotFound), "NXDOMAIN", &[]);
        same.compared = Some(DnsComparison::Same);
        let expected = [Some(DnsBlock::NameDenied), Some(DnsBlock::AddressDenied), None];
        assert_eq!(causes(vec![denied, empty, same]), expected);
    }

    #[test]
    fn a_resolver_that_refuses_everything_blocks_no_name() {
        let refused = || question(Some(Cause::ResolverFailure), "REFUSED", &[]);
        assert_eq!(causes(vec![refused(), refused()]), [None, None]);
    }
}
