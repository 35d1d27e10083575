// What a person does with an environment from the console: plan a fault, verify, roll back, redeploy, and stop that.
// In: {browser, url, name, caller}. Out: see the end.
import { answer, given, launch, openWindow, using } from "../../foreign/browser/window.mjs";
import { dryRun, look, planFault, removeFaults, stop, watch } from "./steps.mjs";

const { browser: path, url, name, caller } = given();
const browser = await launch(path);
const notes = [];
const context = await openWindow(browser, { theme: "light", language: "en", width: 1280 }, notes);
const page = await context.newPage();
const at = (where) => page.goto(new URL(where, url).href);
const faults = [];
const see = async () => faults.push(...(await look(page)));
const verify = async () => {
  await at(`/environments/${name}`);
  await page.locator(".actions form[action$='/verify'] button").click();
  await page.waitForURL(/\/executions\/[^/]+$/);
  return watch(page);
};

const found = await using(page, async () => {
  await page.goto(url);
  const denied = { kind: "accessDenied", service: "bedrock-agentcore", operation: "InvokeAgentRuntime", caller, times: "0" };
  const planned = await planFault(page, at, denied);
  await see();
  const failed = await verify();
  const cause = await page.locator("#live .notice.bad").first().innerText();
  await see();
  const left = await removeFaults(page, at);
  const passed = await verify();

  await at(`/environments/${name}`);
  const plan = await dryRun(page, "rollback", see);
  const back = await watch(page);
  await at(`/environments/${name}`);
  const live = await page.locator("#live [role=status]").innerText();

  // The update then takes long enough for somebody to stop it.
  await planFault(page, at, { kind: "delayedState", service: "bedrock-agentcore-control", operation: "UpdateAgentRuntime", seconds: "30" });
  await at(`/environments/${name}`);
  const again = await dryRun(page, "redeploy", see);
  const stopped = await stop(page, see);
  await removeFaults(page, at);
  return { planned, failed, cause, left, passed, plan, back, live, again, stopped };
});
await browser.close();
answer({ ...found, faults, notes });
