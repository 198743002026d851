//! Doubts about data, copies of registers and questions about people, as a bureau in memory keeps them.

use proto::contract::feed_status_service_server::FeedStatusService;
use proto::contract::{FeedState, FeedStatus, ListFeedsRequest, ListFeedsResponse};
use proto::trust::correction_service_server::CorrectionService;
use proto::trust::matching_service_server::MatchingService;
use proto::trust::*;
use tonic::{Request as Call, Response as Reply, Status, Streaming};

use super::bureau::Door;
use super::*;
use contract::bureau::title as bureau_title;

/// A ticket about a figure; its id says how far it is.
fn ticket(id: &str) -> Correction {
    let figure = FigureSubject {
        form: "childcare-monthly".into(),
        region: "530402".into(),
        period: "2026-10".into(),
        element: "childcare.places".into(),
    };
    let state = if id == "answered" { CorrectionState::Declined } else { CorrectionState::Open };
    Correction {
        id: id.into(),
        subject: Some(CorrectionSubject { about: Some(correction_subject::About::Figure(figure)) }),
        wrong: "少计了两个班".into(),
        state: state as i32,
        due_on: "2026-11-02".into(),
        overdue: state == CorrectionState::Open,
        opened_by: "钱某".into(),
        own: id == "answered",
        ..Correction::default()
    }
}

#[tonic::async_trait]
impl CorrectionService for Door {
    async fn open_correction(&self, call: Call<OpenCorrectionRequest>) -> Result<Reply<Correction>, Status> {
        let request = call.into_inner();
        match request.subject.and_then(|subject| subject.about) {
            Some(correction_subject::About::Figure(figure)) if figure.form != "childcare-monthly" => {
                Err(kit::Problem::field("subject.figure.form", "FORM_UNKNOWN", "没有这张报表").into())
            }
            _ => {
                self.0.acts.lock().unwrap().push(format!("doubt {}", request.wrong));
                Ok(Reply::new(ticket("t1")))
            }
        }
    }
    async fn answer_correction(&self, call: Call<AnswerCorrectionRequest>) -> Result<Reply<Correction>, Status> {
        let request = call.into_inner();
        if request.text.is_empty() {
            return Err(kit::Problem::field("text", "ANSWER_MISSING", "请说明改了什么，或为什么不改").into());
        }
        self.0.acts.lock().unwrap().push(format!("answer {} {}", request.id, request.text));
        Ok(Reply::new(ticket(&request.id)))
    }
    async fn close_correction(&self, call: Call<CloseCorrectionRequest>) -> Result<Reply<Correction>, Status> {
        let request = call.into_inner();
        self.0.acts.lock().unwrap().push(format!("close {} {}", request.closing, request.reason));
        Ok(Reply::new(ticket(&request.id)))
    }
    async fn list_corrections(
        &self,
        call: Call<ListCorrectionsRequest>,
    ) -> Result<Reply<ListCorrectionsResponse>, Status> {
        let state = call.into_inner().state();
        let fits = |one: &Correction| state == CorrectionState::Unspecified || one.state() == state;
        let corrections = [ticket("t1"), ticket("answered")].into_iter().filter(fits).collect();
        Ok(Reply::new(ListCorrectionsResponse { corrections, next_cursor: String::new() }))
    }
    async fn get_correction(&self, call: Call<GetCorrectionRequest>) -> Result<Reply<CorrectionDetail>, Status> {
        let correction = Some(ticket(&call.into_inner().id));
        Ok(Reply::new(CorrectionDetail { correction, history: Vec::new() }))
    }
}

#[tonic::async_trait]
impl FeedStatusService for Door {
    async fn list_feeds(&self, _: Call<ListFeedsRequest>) -> Result<Reply<ListFeedsResponse>, Status> {
        let feed = |feed: &str, state: FeedState| FeedStatus {
            source: "childcare".into(),
            feed: feed.into(),
            state: state as i32,
            ..FeedStatus::default()
        };
        let refused = FeedStatus { trouble: "已暂停".into(), ..feed("childcare.class", FeedState::Refused) };
        let stale = FeedStatus { trouble: "没有回音".into(), ..feed("childcare.institution", FeedState::Stale) };
        let feeds = vec![stale, refused, feed("childcare.designation", FeedState::Off)];
        Ok(Reply::new(ListFeedsResponse { feeds }))
    }
}

#[tonic::async_trait]
impl MatchingService for Door {
    type MatchStream = tokio_stream::Pending<Result<MatchResponse, Status>>;

    async fn r#match(&self, _: Call<Streaming<MatchRequest>>) -> Result<Reply<Self::MatchStream>, Status> {
        Err(Status::unavailable("down"))
    }
    async fn list_match_batches(
        &self,
        call: Call<ListMatchBatchesRequest>,
    ) -> Result<Reply<ListMatchBatchesResponse>, Status> {
        let asked = call.into_inner();
        let batch = |refused: &str| MatchedBatch {
            agreement: "childcare-education".into(),
            consumer: "education".into(),
            question: "REGISTERED".into(),
            tokens: 7,
            refused: refused.into(),
            ..MatchedBatch::default()
        };
        let all = vec![batch(""), batch("MATCH_ENUMERATION")];
        let batches = all.into_iter().filter(|one| {
            (!asked.refused || !one.refused.is_empty())
                && (asked.agreement.is_empty() || asked.agreement == one.agreement)
        });
        Ok(Reply::new(ListMatchBatchesResponse { batches: batches.collect(), next_cursor: String::new() }))
    }
}

#[tokio::test]
async fn a_doubt_is_told_answered_and_closed() {
    let (house, bureau) = house_with_bureaus().await;
    let (cookie, token) = house.sign_in("approver").await;
    let list = house.get("/sharing/corrections", &cookie).await;
    assert!(list.body.contains("少计了两个班") && list.body.contains("1&nbsp;件逾期未答复"), "{}", list.body);
    let city = City::embedded();
    let (form, element) = (city.form("childcare-monthly").unwrap(), city.element("childcare.places").unwrap());
    assert!(list.body.contains(&form.title) && list.body.contains(&element.name), "{}", list.body);
    assert!(!list.body.contains("childcare.places"), "nobody reads codes");
    let doubt = |form: &'static str| {
        [
            ("csrf", token.as_str()),
            ("about", "figure"),
            ("bureau", "childcare"),
            ("form", form),
            ("region", "530402"),
            ("period", "2026-10"),
            ("element", "childcare.places"),
            ("wrong", "少计了两个班"),
        ]
    };
    let refused = house.post("/sharing/corrections/new", &cookie, &doubt("childcare/childcare-weekly")).await;
    assert!(refused.status == 400 && refused.body.contains("没有这张报表"), "{}", refused.body);
    assert!(refused.body.contains("少计了两个班</textarea>"), "{}", refused.body);
    let opened = house.post("/sharing/corrections/new", &cookie, &doubt("childcare/childcare-monthly")).await;
    assert_eq!((opened.status, opened.header(header::LOCATION)), (303, "/sharing/corrections/childcare/t1?done=open"));
    let here = "/sharing/corrections/childcare/t1";
    let mute = house.post(here, &cookie, &[("csrf", &token), ("act", "answer"), ("choice", "1")]).await;
    assert!(mute.status == 400 && mute.body.contains("id=\"f-text\">请说明改了什么"), "{}", mute.body);
    let answer = [("csrf", token.as_str()), ("act", "answer"), ("choice", "1"), ("text", "已补录")];
    assert_eq!(house.post(here, &cookie, &answer).await.status, 303);
    let answered = house.get("/sharing/corrections/childcare/answered", &cookie).await;
    assert!(answered.body.contains("确认办结") && answered.body.contains("重新提出"), "{}", answered.body);
    let again = [("csrf", token.as_str()), ("choice", "2"), ("text", "仍少一个班")];
    assert_eq!(house.post("/sharing/corrections/childcare/answered", &cookie, &again).await.status, 303);
    assert_eq!(*bureau.acts.lock().unwrap(), ["doubt 少计了两个班", "answer t1 已补录", "close 2 仍少一个班"]);
    let away = house.post("/sharing/corrections/education/t1", &cookie, &answer).await;
    assert!(away.status == 503 && away.body.contains("value=\"已补录\""), "{}", away.body);
}

#[tokio::test]
async fn my_work_names_doubts_to_answer_and_answers_to_confirm() {
    let (house, _) = house_with_bureaus().await;
    let work = async |who: &str| {
        let (cookie, _) = house.sign_in(who).await;
        house.get("/work", &cookie).await.body
    };
    let answerer = work("approver").await;
    let title = bureau_title("childcare");
    assert!(answerer.contains(&format!("{title}的数据有 1 件疑义待答复")), "{answerer}");
    assert!(answerer.contains("其中 1 件已逾期"), "{answerer}");
    assert!(answerer.contains("href=\"/sharing/corrections?state=1&#38;bureau=childcare\""), "{answerer}");
    assert!(answerer.contains("您提出的疑义有 1 件已答复"), "{answerer}");
    assert!(answerer.contains("老干部局（老年教育）的服务暂时联系不上"), "{answerer}");

    // A county's clerk answers for nobody, but opens doubts as everybody does.
    let clerk = work("clerk").await;
    assert!(!clerk.contains("待答复</b>") && clerk.contains("您提出的疑义有 1 件已答复"), "{clerk}");
    assert!(clerk.contains("href=\"/sharing/corrections?due=own\""), "{clerk}");
    assert!(clerk.contains("<a class=\"btn btn--plain\" href=\"/sharing/corrections\">数据疑义</a>"), "{clerk}");
    let idle = work("idle").await;
    assert!(!idle.contains("疑义有") && !idle.contains("联系不上"), "nobody is asked in vain: {idle}");
}

#[tokio::test]
async fn copies_say_which_stand_still_and_questions_which_were_refused() {
    let (house, _) = house_with_bureaus().await;
    let (cookie, _) = house.sign_in("office").await;
    let copies = house.get("/sharing/copies", &cookie).await.body;
    assert!(copies.contains("2&nbsp;项没有同步") && copies.contains("，1&nbsp;项未配置"), "{copies}");
    assert!(copies.contains("联系不上"), "{copies}");
    assert!(copies.contains("已暂停（每分钟自动重试）") && copies.matches("自动重试").count() == 1, "{copies}");
    let batches = house.get("/sharing/matching", &cookie).await.body;
    assert!(batches.contains("1&nbsp;批被拒绝") && batches.contains("已答复"), "{batches}");
    assert!(batches.contains("标识数</th>") && batches.contains("部门之间的询问记录"), "{batches}");
    let none = house.get("/sharing/matching?agreement=other", &cookie).await.body;
    house.admit("reporter", "530400", &[("childcare", "CITY_BUREAU_REPORTER", "530400")]).await;
    let (reporter, _) = house.sign_in("reporter").await;
    let asks = house.get("/sharing/matching", &reporter).await.body;
    assert!(asks.contains("开始比对") && !asks.contains("询问记录"), "who may only ask sees no list: {asks}");
    assert!(none.contains("答复了的部门没有符合条件的其他部门的询问记录，1 个部门没有答复"), "{none}");
}
