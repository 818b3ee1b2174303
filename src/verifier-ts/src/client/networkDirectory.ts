import { type MessageVerifier } from "../consensus/messageVerifier.js";
import type { Genesis } from "../ordering/genesis.js";
import { ProofVerifier, readProofFile, type VerifiedFile } from "../proofs/proofFile.js";
import { refused } from "../proofs/verdict.js";
import { ConnectionError, OperatorClient, OperatorError } from "./operatorClient.js";

/** A boundary's result that is trusted instead of the genesis: `sharedseq committee export` tells both. */
export interface TrustedCheckpoint {
    /** The epoch that it ends. */
    readonly ended: bigint;
    readonly hash: Uint8Array;
}

export interface NetworkOptions {
    readonly checkpoint?: TrustedCheckpoint;
    /** Milliseconds since 1970, to judge which epochs can have begun. Default: this machine's clock. */
    readonly clock?: () => number;
}

/** Addresses kept, the given ones among them; the oldest learnt ones give way. */
const operatorsMax = 256;

/** Milliseconds that one operator may take for one answer. 5,000: a page of hand-overs is half a megabyte. */
const patienceMs = 5_000;

/** Milliseconds that one search for the way to an epoch may ask, the last answer not counted; the next search goes on with the one after. */
const followPatienceMs = 30_000;

/** Seconds that the network's committed time may be ahead of the own clock. An hour: clocks set wrongly by a summer time pass. */
const clockSlackSeconds = 3_600;

/**
 * Who serves which epoch, and where operators are reached. Committees follow from the genesis, or a checkpoint, by hand-overs
 * that any operator may give, because each is checked. Addresses are operators' word: what is said there is checked all the same.
 */
export class NetworkDirectory {
    private readonly proofs: ProofVerifier;
    private readonly given: number;
    private readonly from: bigint;
    private readonly clock: () => number;
    private addresses: readonly string[];
    private first = 0;
    private following: Promise<unknown> = Promise.resolve();

    /** @param operators Where to begin asking: at least one operator's address. */
    constructor(readonly genesis: Genesis, operators: readonly string[], options: NetworkOptions = {}) {
        if (operators.length === 0) throw new RangeError("at least one operator");
        this.proofs = new ProofVerifier(genesis, options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint.hash });
        this.from = options.checkpoint?.ended ?? 0n;
        this.clock = options.clock ?? Date.now;
        this.addresses = [...operators];
        this.given = operators.length;
    }

    /** Addresses of operators: the given ones first, then those learnt of later committees. */
    get operators(): readonly string[] {
        return this.addresses;
    }

    /** The latest epoch whose committee is known; undefined until the checkpoint was met. */
    get newest(): bigint | undefined {
        return this.proofs.trust.chain.newest;
    }

    /** Checks what an epoch's committee signed; undefined when that is not known (yet). */
    verifierOf(epoch: bigint): MessageVerifier | undefined {
        return this.proofs.trust.chain.verifierOf(epoch);
    }

    /** Checks a proof file; where it is of an epoch not known yet, the hand-overs that lead there are asked for first. */
    async verify(file: Uint8Array, signal?: AbortSignal): Promise<VerifiedFile> {
        const verified = await this.proofs.verify(file);
        if (verified.verdict.fault !== "UnknownEpoch") return verified;
        const read = readProofFile(file);
        if ("verdict" in read) return read;
        const { epoch } = read.file;
        if (!this.isPossible(epoch)) {
            const why = `epoch ${epoch}: the network can be in epoch ${this.latestPossible()} at most by this machine's clock`;
            return { verdict: refused("ImpossibleEpoch", why) };
        }

        return await this.follow(epoch, signal) ? this.proofs.verify(file) : verified;
    }

    /** Whether an epoch may have begun by now: each lasts policy.epochSeconds at least. Nobody is asked for the way to a later one. */
    isPossible(epoch: bigint): boolean {
        return epoch <= this.latestPossible();
    }

    /**
     * Asks operators, one after the other, for the hand-overs to an epoch that is not known yet, and where its members are reached.
     * Gives whether the epoch's committee is known then.
     */
    follow(epoch: bigint, signal?: AbortSignal): Promise<boolean> {
        // One search at a time: another one may lead there meanwhile.
        const search = this.following.then(() => this.search(epoch, signal));
        this.following = search.catch(() => undefined);
        return search;
    }

    private async search(epoch: bigint, signal: AbortSignal | undefined): Promise<boolean> {
        const isKnown = (): boolean => this.verifierOf(epoch) !== undefined;
        const { newest } = this;
        if (isKnown() || !this.isPossible(epoch) || (newest !== undefined && epoch <= newest)) return isKnown();
        const operators = this.addresses;
        const deadline = performance.now() + followPatienceMs;
        for (let asked = 0; asked < operators.length && performance.now() < deadline; asked++) {
            const client = new OperatorClient(operators[this.first % operators.length]!, { timeoutMs: patienceMs });
            try {
                while (!isKnown() && performance.now() < deadline && await this.takePage(client, signal)) continue;
                if (isKnown()) {
                    await this.learnAddresses(client, signal);
                    return true;
                }
            } catch (error) {
                // Another one may know better; what was checked so far stays.
                if (!(error instanceof ConnectionError || error instanceof OperatorError)) throw error;
            }

            this.first = (this.first + 1) % operators.length;
        }

        return isKnown();
    }

    private latestPossible(): bigint {
        const seconds = this.genesis.policy.epochSeconds;
        const passed = BigInt(Math.floor(this.clock() / 1_000) + clockSlackSeconds) - this.genesis.timestampMs / 1_000n;
        return seconds === 0n || passed <= 0n ? 0n : passed / seconds;
    }

    /** Takes one answer's hand-overs; gives whether they led to an epoch that was not known before. */
    private async takePage(client: OperatorClient, signal: AbortSignal | undefined): Promise<boolean> {
        const before = this.newest;
        for (const handOver of await client.getHandOvers(before ?? this.from, signal)) {
            const reason = await this.proofs.trust.chain.tryExtend(handOver);
            if (reason !== "None") throw new ConnectionError(`${client.rpc} gives a hand-over that does not lead on: ${reason}`);
        }

        return this.newest !== before;
    }

    /** Adds where the newest epoch's members are reached, by an operator's word. */
    private async learnAddresses(client: OperatorClient, signal: AbortSignal | undefined): Promise<void> {
        const { newest } = this;
        if (newest === undefined) return;
        const seats = this.verifierOf(newest)?.committee.members.length ?? 0;
        const learnt = [...new Set([...this.addresses, ...await client.getMemberAddresses(newest, seats, signal)])];
        if (learnt.length > operatorsMax) learnt.splice(this.given, Math.min(learnt.length - operatorsMax, learnt.length - this.given));
        this.addresses = learnt;
    }
}
