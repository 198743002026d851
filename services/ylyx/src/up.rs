//! `ylyx up`: the suite on this machine, and in Chinese where to look.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use kit::{Clock, Problem, Result, Shutdown};

use crate::demo;
use crate::suite::{Suite, SuiteOptions};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[arg(long, value_name = "DIR", help = "数据目录，默认 ./data；演示默认 ./demo")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", help = "网页与 HTTP 接口的地址")]
    pub http: SocketAddr,
    #[arg(long, value_name = "PORT", default_value_t = 7400, help = "gRPC 起始端口；0 表示任意空闲端口")]
    pub grpc_base: u16,
    #[arg(long, value_name = "DIR", help = "城市数据包目录；不写则用内置的")]
    pub city: Option<PathBuf>,
    #[arg(long, help = "演示：用合成数据的演示城市，没有时先生成")]
    pub demo: bool,
}

/// Runs until Ctrl-C, or until a service fails.
pub async fn command(args: Args) -> Result<ExitCode> {
    let _telemetry = kit::telemetry::start("up");
    let signals = Shutdown::on_signals().map_err(Problem::internal)?;
    let data = args.data.unwrap_or_else(|| if args.demo { "./demo" } else { "./data" }.into());
    demo::check(&data, args.demo)?;
    if args.demo && demo::made(&data)?.is_none() {
        println!("正在生成演示城市（合成数据），约需一分钟……");
        demo::make(&data, demo::SEED, 1, None).await?;
    }
    let mut suite = Suite::start(SuiteOptions {
        data,
        http: args.http,
        grpc_base: args.grpc_base,
        city: args.city,
        database: Default::default(),
        synthetic: args.demo,
        clock: Clock::system(),
        clocks: Default::default(),
        absent: Vec::new(),
    })
    .await?;
    println!("{}", welcome(&suite));
    tokio::select! {
        () = signals.asked() => {
            println!("正在停止……");
            suite.stop().await?;
            println!("已停止");
            Ok(ExitCode::SUCCESS)
        }
        problem = suite.failed() => {
            suite.stop().await.ok();
            Err(problem)
        }
    }
}

fn welcome(suite: &Suite) -> String {
    let (data, http) = (suite.data.display(), suite.http);
    let grpc: String = suite.endpoints.iter().map(|(name, endpoint)| format!("\n    {name:<12} {endpoint}")).collect();
    format!(
        "“一老一小”协同平台已启动，按 Ctrl-C 停止

  网页        http://{http}/    （登录账号与初始密码见 {data}/{passwords}）
  接口文档    http://{http}/api/docs
  gRPC（双向 TLS）{grpc}
  grpcurl 用  -cacert {data}/trust/ca.pem -cert {data}/trust/operator/cert.pem -key {data}/trust/operator/key.pem
  用户令牌    ylyx token --as 用户 --data {data}    （用户见 {data}/users.toml）
              放在请求头 {header}
",
        header = trust::ASSERTION_HEADER,
        passwords = trust::dev::FIRST_PASSWORDS
    )
}
