//! The ports of the suite, all taken before anything starts.

use std::net::SocketAddr;

use kit::{Problem, Result};
use registry::Service;
use tokio::net::TcpListener;

use super::BUREAUS;
use crate::endpoints::Endpoints;

/// One bound port.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
}

/// All of them.
pub(super) struct Doors {
    pub(super) bureaus: Vec<(Service, Door)>,
    pub(super) gateway: Door,
    pub(super) http: Door,
}

impl Doors {
    /// Binds the gRPC ports on 127.0.0.1 (base 0: any free ones) and the console's; PORT_IN_USE names port and
    /// service.
    pub(super) async fn bind(grpc_base: u16, http: SocketAddr) -> Result<Self> {
        let mut bureaus = Vec::new();
        for (bureau, distance) in BUREAUS.into_iter().zip(1..) {
            bureaus.push((bureau, Door::bind(bureau.name, grpc_address(grpc_base, distance)?).await?));
        }
        Ok(Doors {
            bureaus,
            gateway: Door::bind("gateway", grpc_address(grpc_base, 0)?).await?,
            http: Door::bind("gateway（网页）", http).await?,
        })
    }

    pub(super) fn endpoints(&self) -> Endpoints {
        let grpc = self.bureaus.iter().map(|(bureau, door)| (bureau.name, door)).chain([("gateway", &self.gateway)]);
        Endpoints {
            console: format!("http://{}", self.http.address),
            bureaus: grpc.map(|(name, door)| (name.to_owned(), format!("https://{}", door.address))).collect(),
        }
    }
}

fn grpc_address(base: u16, distance: u16) -> Result<SocketAddr> {
    let port = match base {
        0 => 0,
        base => base
            .checked_add(distance)
            .ok_or_else(|| Problem::field("grpc-base", "PORT_INVALID", format!("起始端口 {base} 太大")))?,
    };
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

impl Door {
    async fn bind(service: &str, address: SocketAddr) -> Result<Self> {
        let listener = kit::port::bind(address, service).await?;
        let address = listener.local_addr().map_err(Problem::internal)?;
        Ok(Door { listener, address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_taken_port_is_named_and_the_others_are_free_again() {
        let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let problem = Doors::bind(0, held.local_addr().unwrap()).await.err().unwrap();
        assert_eq!(problem.reason, "PORT_IN_USE");
        assert!(problem.message.contains("gateway"), "{problem}");
        assert_eq!(Doors::bind(65_535, held.local_addr().unwrap()).await.err().unwrap().reason, "PORT_INVALID");
    }
}
