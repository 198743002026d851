//! The `ylyx` command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ylyx::{demo, import, match_key, person_key, say, signing_key, template, token, up, verify};

/// Without a subcommand it does what `up` does.
#[derive(Debug, Parser)]
#[command(name = "ylyx", version, about = "“一老一小”协同平台", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: up::Args,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(about = "在本机启动全部服务（开发与演示）")]
    Up(up::Args),
    #[command(about = "在空目录里生成演示城市（合成数据）")]
    Demo(demo::Args),
    #[command(about = "签发用户令牌（仅限本机开发环境）")]
    Token(token::Args),
    #[command(about = "把表格文件导入台账")]
    Import(import::ImportOptions),
    #[command(about = "生成台账导入模板")]
    Template(template::Args),
    #[command(about = "为一个部门的人员数据换新密钥（旧数据在后台改用新密钥）")]
    NewPersonKey(person_key::Args),
    #[command(about = "为一项人员比对协议换新密钥，或收入对方部门交来的密钥")]
    NewMatchKey(match_key::Args),
    #[command(about = "生成一对签名密钥（不启动服务）")]
    NewSigningKey(signing_key::Args),
    #[command(about = "离线核验", subcommand)]
    Verify(verify::What),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            eprintln!("命令写法有误 [USAGE]\n{error}");
            return ExitCode::from(2);
        }
        Err(help) => {
            print!("{help}");
            return ExitCode::SUCCESS;
        }
    };
    let result = match cli.command.unwrap_or(Command::Up(cli.up)) {
        Command::Up(args) => up::command(args).await,
        Command::Demo(args) => demo::command(args).await,
        Command::Token(args) => token::command(args),
        Command::Import(args) => import::command(args).await,
        Command::Template(args) => template::command(args),
        Command::NewPersonKey(args) => person_key::command(args),
        Command::NewMatchKey(args) => match_key::command(args),
        Command::NewSigningKey(args) => signing_key::command(args),
        Command::Verify(what) => verify::command(what),
    };
    result.unwrap_or_else(|problem| say(&problem))
}
