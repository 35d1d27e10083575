// Unpacks Chromium out of its npm package into the folder TMPDIR.
import chromium from "@sparticuz/chromium";

console.log(await chromium.executablePath());
