import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorHandler, onClose, onSendStatus, onStreamStatus } from "../../static/js/errors/handler.js";

test("every close code comes back but the three that cannot get better", () => {
  for (const code of [0, 1000, 1001, 1005, 1006, 1011, 1012, 4012, 4400, 4429])
    assert.equal(onClose(code).retry, true, `${code}`);
  for (const code of [4401, 4403, 4404]) assert.equal(onClose(code).retry, false, `${code}`);
});

test("who is sent away for good is told why", () => {
  assert.match(onClose(4401).text, /signed out/);
  assert.equal(onClose(1006).text, "");
});

test("the event stream decides by status in the same way", () => {
  for (const status of [0, 200, 204, 429, 500, 502, 503]) assert.equal(onStreamStatus(status).retry, true, `${status}`);
  for (const status of [401, 403, 404]) assert.equal(onStreamStatus(status).retry, false, `${status}`);
});

test("too fast is told with the seconds, and never sent again by itself", () => {
  assert.deepEqual(onSendStatus(429, 7), {
    retry: false,
    text: "You are sending faster than allowed. You can send again in 7 s.",
  });
});

test("every refusal has a sentence", () => {
  for (const status of [0, 400, 401, 403, 404, 409, 413, 418, 429, 500, 503])
    assert.match(onSendStatus(status).text, /\.$/);
});

test("counts are reported when there is news, once a minute, and before leaving", () => {
  const errors = new ErrorHandler();
  assert.equal(errors.report(0), null);
  errors.count("drops");
  assert.equal(errors.report(0)?.drops, 1);
  assert.equal(errors.report(100_000), null);
  errors.count("gaps");
  assert.equal(errors.report(59_999), null);
  assert.equal(errors.report(59_999, { last: true })?.gaps, 1);
});
