// The page of the browser tests: runs a check by its name and says how it went.
import { checks } from "./checks.mjs";
import { liveChecks } from "./live.mjs";
import { parse } from "./vectors.mjs";

const read = async name => parse(await (await fetch(`/${name}.txt`)).text());

window.run = async (list, name, network) => {
    try {
        await (list === "live" ? liveChecks[name](network) : checks[name](read, 10));
        return "passed";
    } catch (error) {
        return String(error.stack ?? error);
    }
};
