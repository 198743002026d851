//! Binding a port, with an error that says whose and why.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::problem::{Kind, Problem, Result};

/// Binds, or says which service's address is taken: PORT_IN_USE, PORT_UNAVAILABLE.
pub async fn bind(address: SocketAddr, service: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Problem::new(
            Kind::State,
            "PORT_IN_USE",
            format!("{service} 的端口 {address} 已被占用，请换一个端口或停止占用它的程序"),
        ),
        _ => Problem::new(Kind::State, "PORT_UNAVAILABLE", format!("{service} 无法监听 {address}：{error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let held = bind("127.0.0.1:0".parse().unwrap(), "first").await.unwrap();
        let address = held.local_addr().unwrap();
        let problem = bind(address, "childcare").await.unwrap_err();
        assert_eq!(problem.reason, "PORT_IN_USE");
        assert!(problem.message.contains("childcare") && problem.message.contains(&address.port().to_string()));
    }
}
