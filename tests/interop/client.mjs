// MQTT.js as a device and as an application at once: what the device reports at each QoS, the application sees.
// usage: node client.mjs FOLDER_OF_NODE_MODULES VERSION PORT DEVICE_PASSWORD APPLICATION_PASSWORD
import { createRequire } from "node:module";

const [folder, version, port, devicePassword, applicationPassword] = process.argv.slice(2);
const { connectAsync } = createRequire(`${folder}/`)("mqtt");

const login = (clientId, username, password) =>
  connectAsync(`mqtt://127.0.0.1:${port}`, { clientId, username, password, protocolVersion: Number(version) });

const report = (seq) => JSON.stringify({ boot: 1, seq });
const wanted = [0, 1, 2].map(report);

const application = await login("desk", "bench", applicationPassword);
const seen = [];
const all = new Promise((done) =>
  application.on("message", (_topic, payload) => {
    seen.push(payload.toString());
    if (seen.length === wanted.length) done();
  }),
);
await application.subscribeAsync("patrol/v1/up/#", { qos: 2 });
const device = await login("car-07", "car-07", devicePassword);
for (const qos of [0, 1, 2]) {
  await device.publishAsync("patrol/v1/up/car-07/telemetry", report(qos), { qos });
}
await all;
if ([...seen].sort().join() !== wanted.join()) {
  console.error(`the application saw ${seen}`);
  process.exit(1);
}
console.log(`mqtt.js ${version}: ok`);
await device.endAsync();
await application.endAsync();
