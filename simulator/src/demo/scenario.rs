//! What happens to the gateway, in order.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::DemoError;
use super::screen::{Gauges, Screen};
use crate::fleet::{Fleet, FleetOptions};
use crate::gateway::{GatewayProcess, GatewaySetup};
use crate::ledger::{DeviceLedger, Verdict};
use crate::platform::{Fault, Platform};

/// Everything works.
const NORMAL: Duration = Duration::from_secs(10);
/// The uplink is gone.
const OUTAGE: Duration = Duration::from_secs(15);
/// The gateway was killed and is back, the uplink is still gone.
const OUTAGE_AFTER_KILL: Duration = Duration::from_secs(4);
/// Everything works again.
const RECOVERED: Duration = Duration::from_secs(6);
/// Deadline for the gateway's uplink to try again, its back-off included.
const RETRIED_WITHIN: Duration = Duration::from_secs(90);
/// Deadline for the devices' last acknowledgements.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);
/// Deadline for the last photos to be at the gateway.
const PHOTOS_WITHIN: Duration = Duration::from_secs(30);
/// Deadline for the backlog to reach the platform.
const DELIVERED_WITHIN: Duration = Duration::from_secs(90);
/// Deadline for the receipts to reach the devices.
const RECEIPTS_WITHIN: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(10);
/// How often both ledgers are compared, which costs more.
const COMPARE: Duration = Duration::from_millis(200);

/// Those who are on the stage besides the gateway.
pub(super) struct Stage<'a> {
    pub(super) platform: &'a Platform,
    pub(super) ledger: &'a DeviceLedger,
    pub(super) gauges: &'a Gauges<'a>,
    pub(super) screen: &'a Screen,
}

/// How large and how long.
pub(super) struct Scenario {
    pub(super) fleet: FleetOptions,
    pub(super) time_scale: f64,
}

impl Scenario {
    /// Plays it to the end and gives the gateway back, still running.
    pub(super) async fn play(
        &self,
        stage: &Stage<'_>,
        setup: &mut GatewaySetup,
        gateway: GatewayProcess,
    ) -> Result<GatewayProcess, DemoError> {
        let host = gateway.mqtt.ip().to_string();
        let options = FleetOptions { host, port: gateway.mqtt.port(), ..self.fleet.clone() };
        let mut fleet = Fleet::spawn(&options, stage.ledger)?;
        let gateway = self.until_the_uplink_is_back(stage, setup, gateway).await?;
        let mut gateway = self.killed_while_draining(stage, setup, gateway).await?;

        stage.screen.phase("恢复正常 everything works again");
        self.drive(&mut gateway, RECOVERED).await?;
        stage.screen.phase("设备停止，等待全部确认 the devices stop; every record is to be acknowledged");
        fleet.stop_producing();
        let owed = fleet.drained(ACKNOWLEDGED_WITHIN).await;
        if owed > 0 {
            stage
                .screen
                .note(&format!("未确认 {owed} records were not acknowledged in time; that is no loss"));
        }
        stage.screen.phase("照片传完 the last photos are handed over");
        let photos = fleet.photos_handed_over(PHOTOS_WITHIN).await;
        if photos > 0 {
            stage
                .screen
                .note(&format!("照片未传完 {photos} photos are still on their devices; that is no loss"));
        }
        stage.delivered_and_receipted(&mut gateway).await?;
        fleet.leave().await;
        Ok(gateway)
    }

    async fn until_the_uplink_is_back(
        &self,
        stage: &Stage<'_>,
        setup: &mut GatewaySetup,
        mut gateway: GatewayProcess,
    ) -> Result<GatewayProcess, DemoError> {
        stage.screen.phase("正常 everything works");
        self.drive(&mut gateway, NORMAL).await?;
        stage.screen.phase("上行中断 the uplink is gone");
        stage.platform.set_fault(Fault::Down { seconds: None }).await?;
        self.drive(&mut gateway, OUTAGE).await?;
        stage.screen.phase("kill -9 网关，上行仍断 SIGKILL in mid-stream, the uplink still gone");
        let mut gateway = restart(stage, setup, gateway).await?;
        self.drive(&mut gateway, OUTAGE_AFTER_KILL).await?;
        Ok(gateway)
    }

    /// The platform is back but its answers are lost, so that the kill surely comes between the platform's receipt and
    /// the gateway's knowledge of it.
    async fn killed_while_draining(
        &self,
        stage: &Stage<'_>,
        setup: &mut GatewaySetup,
        mut gateway: GatewayProcess,
    ) -> Result<GatewayProcess, DemoError> {
        stage.screen.phase("上行恢复但应答丢失 the uplink is back, its answers are lost");
        let before = stage.platform.counts();
        stage.platform.set_fault(Fault::DropAnswer { one_in: 1 }).await?;
        let tried = || stage.platform.counts().delivered > before.delivered;
        if !until(&mut gateway, RETRIED_WITHIN, tried).await? {
            stage.screen.note("上行未恢复 the gateway did not try again in time");
        }
        stage.screen.phase("排空时再次 kill -9 SIGKILL again, while the backlog drains");
        let gateway = restart(stage, setup, gateway).await?;
        stage.platform.set_fault(Fault::Normal).await?;
        Ok(gateway)
    }

    /// Lets the fleet drive on for this phase's time.
    async fn drive(&self, gateway: &mut GatewayProcess, time: Duration) -> Result<(), DemoError> {
        until(gateway, time.mul_f64(self.time_scale), || false).await.map(drop)
    }
}

impl Stage<'_> {
    async fn delivered_and_receipted(&self, gateway: &mut GatewayProcess) -> Result<(), DemoError> {
        self.screen.phase("排空 the backlog drains");
        let deadline = Instant::now() + DELIVERED_WITHIN;
        let mut receipts_deadline = None;
        loop {
            let verdict = Verdict::reconcile(self.ledger, &self.platform.ledger());
            let drained = self.gauges.pending().await == Some(0);
            if verdict.lost == 0 && drained && verdict.receipts_missing == 0 {
                return Ok(());
            }
            if verdict.lost == 0 && drained && receipts_deadline.is_none() {
                self.screen.phase("等待回执 the last receipts travel back");
                receipts_deadline = Some(Instant::now() + RECEIPTS_WITHIN);
            }
            if Instant::now() >= receipts_deadline.unwrap_or(deadline) {
                return Ok(());
            }
            until(gateway, COMPARE, || false).await?;
        }
    }
}

async fn restart(
    stage: &Stage<'_>,
    setup: &mut GatewaySetup,
    gateway: GatewayProcess,
) -> Result<GatewayProcess, DemoError> {
    let pending = stage.gauges.pending().await;
    gateway.kill().await?;
    let killed_at = Instant::now();
    let gateway = setup.start().await?;
    let took_ms = killed_at.elapsed().as_millis();
    let pending = pending.map_or_else(|| "?".to_owned(), |count| count.to_string());
    stage.screen.note(&format!(
        "已被杀死并重启 killed with {pending} reports pending, takes devices again after {took_ms} ms"
    ));
    Ok(gateway)
}

/// Waits for the condition, for at most `time`; says whether it came. A gateway that ends by itself ends the wait.
async fn until(
    gateway: &mut GatewayProcess,
    time: Duration,
    condition: impl Fn() -> bool,
) -> Result<bool, DemoError> {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        if condition() {
            return Ok(true);
        }
        if let Some(status) = gateway.has_ended() {
            return Err(DemoError::GatewayEnded(status));
        }
        sleep(GLANCE).await;
    }
    Ok(condition())
}
