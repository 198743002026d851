//! The reporting desks of all bureaus, asked for one person: every bureau at the same time, and one that is down takes
//! nothing away from the others.

use kit::{Problem, Result};
use proto::reporting::report_service_client::ReportServiceClient;
use proto::reporting::{
    Answer, FilePackageRequest, FilePackageResponse, Form, ListFormsRequest, ListOutstandingRequest,
    ListOutstandingResponse, ListPackageRequest, PackageLine, SubmissionKind,
};
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::bureaus::{Bureaus, said};
use crate::session::SignedIn;

/// A bureau's answer, or why there is none.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    pub bureau: String,
    pub answer: Result<T>,
}

/// The desks as one person may ask them.
#[derive(Clone, Copy, Debug)]
pub struct Desks<'a> {
    pub bureaus: &'a Bureaus,
    pub person: &'a SignedIn,
}

impl Desks<'_> {
    /// A client of one bureau's desk.
    pub fn client(&self, bureau: &str) -> Result<ReportServiceClient<Channel>> {
        Ok(ReportServiceClient::new(self.bureaus.require(bureau)?))
    }

    /// A request in the person's name.
    pub fn request<T>(&self, message: T) -> Request<T> {
        self.bureaus.request(self.person, message)
    }

    /// Bureaus at which the person holds one of the roles.
    pub fn with(&self, roles: &[&str]) -> Vec<String> {
        let held = |bureau: &&str| roles.iter().any(|role| self.person.holds(bureau, role));
        self.bureaus.names().filter(|bureau| *bureau != "gateway").filter(held).map(str::to_owned).collect()
    }

    /// Asks the bureaus all at once; answers come in their order.
    async fn ask<M, T, F>(
        &self,
        bureaus: &[String],
        message: M,
        call: fn(ReportServiceClient<Channel>, Request<M>) -> F,
    ) -> Vec<Answered<T>>
    where
        M: Clone,
        T: Send + 'static,
        F: Future<Output = Result<T, Status>> + Send + 'static,
    {
        let mut asking = JoinSet::new();
        for (at, bureau) in bureaus.iter().enumerate() {
            match self.client(bureau) {
                Ok(client) => {
                    let answer = call(client, self.request(message.clone()));
                    let bureau = bureau.clone();
                    asking.spawn(async move { (at, answer.await.map_err(|status| said(&bureau, &status))) });
                }
                Err(problem) => {
                    asking.spawn(async move { (at, Err(problem)) });
                }
            }
        }
        let mut answers = asking.join_all().await;
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(at, answer)| Answered { bureau: bureaus[at].clone(), answer }).collect()
    }

    /// 套表 of a region and a month, bureau by bureau.
    pub async fn package(&self, bureaus: &[String], region: &str, period: &str) -> Vec<Answered<Vec<PackageLine>>> {
        let asked = ListPackageRequest { region: region.to_owned(), period: period.to_owned() };
        self.ask(bureaus, asked, |mut client, request| async move {
            Ok(client.list_package(request).await?.into_inner().lines)
        })
        .await
    }

    /// 未报清单.
    pub async fn outstanding(&self, bureaus: &[String], period: &str) -> Vec<Answered<ListOutstandingResponse>> {
        let asked = ListOutstandingRequest { period: period.to_owned(), region: String::new() };
        self.ask(bureaus, asked, |mut client, request| async move {
            Ok(client.list_outstanding(request).await?.into_inner())
        })
        .await
    }

    /// Files the whole package with every bureau; what each form said.
    pub async fn file(
        &self,
        bureaus: &[String],
        region: &str,
        period: &str,
        kind: SubmissionKind,
    ) -> Vec<Answered<Vec<Answer>>> {
        let asked = FilePackageRequest {
            region: region.to_owned(),
            period: period.to_owned(),
            kind: kind as i32,
            ..FilePackageRequest::default()
        };
        self.ask(bureaus, asked, |mut client, request| async move {
            let FilePackageResponse { answers } = client.file_package(request).await?.into_inner();
            Ok(answers)
        })
        .await
    }

    /// The form of a code at one bureau: FORM_UNKNOWN.
    pub async fn form(&self, bureau: &str, code: &str) -> Result<Form> {
        let forms = self.forms(bureau).await?;
        forms
            .into_iter()
            .find(|form| form.code == code)
            .ok_or_else(|| Problem::not_found("FORM_UNKNOWN", format!("没有报表“{code}”")))
    }

    /// The forms of one bureau.
    pub async fn forms(&self, bureau: &str) -> Result<Vec<Form>> {
        let asked = self.request(ListFormsRequest {});
        let answer = self.client(bureau)?.list_forms(asked).await.map_err(|status| said(bureau, &status))?;
        Ok(answer.into_inner().forms)
    }
}
