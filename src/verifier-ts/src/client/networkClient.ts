import { type Bytes, same, toHex } from "../primitives/bytes.js";
import { CanonicalReader, DecodeError } from "../primitives/codec.js";
import type { QuorumParameters } from "../consensus/committee.js";
import { checkReceipt, deadlineOf, readReceipt, type Receipt, transactionId } from "../consensus/receipts.js";
import type { RejectionReason } from "../ordering/namespaces.js";
import type { Proof, RejectionProof, TransactionProof } from "../proofs/proof.js";
import { isValid } from "../proofs/verdict.js";
import { NetworkDirectory } from "./networkDirectory.js";
import { type Answer, bytesOf, ConnectionError, OperatorClient, OperatorError, type Parameter } from "./operatorClient.js";

export interface Transaction {
    readonly namespace: bigint;
    readonly payload: Uint8Array;
    /** Seconds of committed time since 1970; required in opaque namespaces, 0 (the default) in EVM ones. */
    readonly validUntil?: bigint;
}

/** A receipt that was checked, with what it promises. */
export interface AcceptedTransaction {
    readonly id: Bytes;
    readonly receipt: Receipt;
    /** The height whose header shows whether the promise was kept. */
    readonly deadline: bigint;
    /** How many operators besides the author were handed it. */
    readonly relayedTo: number;
}

/** A transaction whose place was proved. */
export interface CommittedTransaction {
    readonly id: Bytes;
    readonly proof: TransactionProof;
    readonly namespace: bigint;
    /** Of the namespace block that it is in. */
    readonly number: bigint;
    /** Its index in the block. */
    readonly place: bigint;
}

/** Ordering left the transaction out for good, which was proved. */
export class TransactionLeftOut extends Error {
    readonly reason: RejectionReason;

    constructor(readonly proof: RejectionProof) {
        super(`transaction ${toHex(proof.rejection.id)} was left out: ${proof.rejection.reason}`);
        this.name = "TransactionLeftOut";
        this.reason = proof.rejection.reason;
    }
}

/** What was waited for did not happen in time; it may still happen. */
export class WaitTimeout extends Error {
    constructor(message: string) {
        super(message);
        this.name = "WaitTimeout";
    }
}

/** What a client should think of the network: a circuit breaker's state. */
export type NetworkHealth =
    { readonly state: "Healthy" } |
    /** Some operators do not answer. */
    { readonly state: "Degraded"; readonly reason: string } |
    /** Fewer than a quorum answer, or nothing is committed any more. */
    { readonly state: "Halted"; readonly reason: string };

/** Milliseconds between two questions whether something happened. */
const askAgainMs = 100;

/** Milliseconds between two looks at the height. */
const healthMs = 1_000;

/** The proofs that can be asked for. */
export type ProofQuestion =
    readonly ["commit" | "result", height: bigint] | readonly ["namespaceBlock", namespace: bigint, number: bigint] |
    readonly ["absence", namespace: bigint] | readonly ["transaction" | "rejection" | "receipt", id: Bytes];

/**
 * A whole network as one client: submits, checks receipts and hands them on, waits for places to be proved and knows how the
 * network does. It trusts the genesis it is given and nothing else.
 */
export class NetworkClient {
    private readonly clients = new Map<string, OperatorClient>();
    private next = 0;

    /** @param network What is known of the network; streams may share it. */
    constructor(readonly network: NetworkDirectory) {}

    /** The operators known: those given, and those learnt of later committees. */
    get operators(): readonly OperatorClient[] {
        const known = this.network.operators;
        for (const rpc of this.clients.keys()) {
            if (!known.includes(rpc)) this.clients.delete(rpc);
        }

        return known.map(rpc => {
            const client = this.clients.get(rpc) ?? new OperatorClient(rpc);
            this.clients.set(rpc, client);
            return client;
        });
    }

    /**
     * Submits until one operator gives a receipt that checks out, then hands the receipt to f others, so that the promise holds
     * whatever one operator does. A typed refusal of the transaction itself is final and thrown; operators that do not answer,
     * answer nonsense or can not take it now are passed over. Ordering takes it once, wherever it was sent.
     */
    async submit(transaction: Transaction, signal?: AbortSignal): Promise<AcceptedTransaction> {
        const { namespace, payload, validUntil = 0n } = transaction;
        const id = transactionId(namespace, validUntil, payload);
        const options: Parameter = validUntil === 0n ? { wait: "accepted" } : { wait: "accepted", validUntil };
        return this.eachInTurn(async operator => {
            const answer = await operator.call("sharedseq_sendTransaction", [namespace, toHex(payload), options], signal);
            const encoded = bytesOf(OperatorClient.memberOf(answer, "receipt"));
            const receipt = await this.readReceipt(encoded, id, signal);
            const relayedTo = await this.relay(toHex(encoded), operator, signal);
            return { id, receipt, deadline: deadlineOf(receipt, Number(this.network.genesis.policy.receiptDeadlineHeights)), relayedTo };
        });
    }

    /**
     * Waits until a transaction's place is proved. Throws `TransactionLeftOut` when it is proved that it has none and
     * `WaitTimeout` after `timeoutMs` milliseconds (default 30,000).
     */
    async waitForCommitted(id: Bytes, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<CommittedTransaction> {
        const { timeoutMs = 30_000, signal } = options;
        const deadline = performance.now() + timeoutMs;
        let seen = "no operator knows it";
        for (let at = 0; performance.now() < deadline; at++) {
            const { operators } = this;
            try {
                const answer = await operators[at % operators.length]!.call("sharedseq_getTransaction", [toHex(id), { proof: true }], signal);
                seen = String(OperatorClient.memberOf(answer, "status"));
                const committed = await this.takePlace(id, answer, signal);
                if (committed !== undefined) return committed;
            } catch (error) {
                if (!(error instanceof ConnectionError || error instanceof OperatorError)) throw error;
                seen = error.message;
            }

            await pause(askAgainMs, signal);
        }

        throw new WaitTimeout(`transaction ${toHex(id)} is not proved to be committed within ${timeoutMs} ms (${seen})`);
    }

    /** Fetches a proof from one operator after the other until one verifies and is of what was asked. */
    async prove(question: ProofQuestion, signal?: AbortSignal): Promise<Proof> {
        const [kind, ...subject] = question;
        const parameters = subject.map((item: Bytes | bigint) => typeof item === "bigint" ? item : toHex(item));
        return this.eachInTurn(async operator => {
            const { verdict, proof } = await this.network.verify(await operator.getProof(kind, parameters, signal), signal);
            if (proof === undefined) throw new ConnectionError(`${operator.rpc} gives a proof that does not verify: ${verdict.fault}: ${verdict.detail}`);
            if (!answers(question, proof)) throw new ConnectionError(`${operator.rpc} proves something else than was asked`);
            return proof;
        }, ["NotFound", "Pruned", "BeyondHead"]);
    }

    /** How the network does, asked of all operators at once, twice within a second. */
    async health(signal?: AbortSignal): Promise<NetworkHealth> {
        const { operators } = this;
        const heights = (): Promise<(bigint | undefined)[]> => Promise.all(operators.map(operator => heightOf(operator, signal)));
        const first = await heights();
        await pause(healthMs, signal);
        const second = await heights();
        const answering = second.filter(height => height !== undefined).length;
        const said = `${answering} of ${operators.length} operators answer`;
        if (answering < Math.min(this.quorum.quorum, operators.length)) return { state: "Halted", reason: said };
        if (this.believed(second) <= this.believed(first)) return { state: "Halted", reason: "no height was committed for a second" };
        return answering < operators.length ? { state: "Degraded", reason: said } : { state: "Healthy" };
    }

    /** Of the newest committee known. */
    private get quorum(): QuorumParameters {
        const { newest } = this.network;
        return (newest === undefined ? undefined : this.network.verifierOf(newest))?.committee.quorum ?? this.network.genesis.quorum;
    }

    /** The height that one honest operator at least is at: f of them may say anything. */
    private believed(heights: readonly (bigint | undefined)[]): bigint {
        const known = heights.filter(height => height !== undefined).sort((a, b) => a < b ? 1 : a > b ? -1 : 0);
        return known[Math.min(this.quorum.f, known.length - 1)] ?? -1n;
    }

    /** Asks operators in turn, beginning with another one each time, until one gives what `ask` takes. */
    private async eachInTurn<T>(ask: (operator: OperatorClient) => Promise<T>, alsoPassedOver: readonly string[] = []): Promise<T> {
        const { operators } = this;
        const begin = this.next++;
        let last: unknown;
        for (let i = 0; i < operators.length; i++) {
            try {
                return await ask(operators[(begin + i) % operators.length]!);
            } catch (error) {
                const passes = error instanceof ConnectionError
                    || (error instanceof OperatorError && (error.isOfOperator || alsoPassedOver.includes(error.errorName)));
                if (!passes) throw error;
                last = error;
            }
        }

        throw last;
    }

    private async readReceipt(encoded: Bytes, id: Bytes, signal: AbortSignal | undefined): Promise<Receipt> {
        let receipt: Receipt;
        try {
            const reader = new CanonicalReader(encoded);
            receipt = readReceipt(reader);
            reader.end("receipt");
        } catch (error) {
            if (error instanceof DecodeError) throw new ConnectionError(`the operator's receipt is none: ${error.message}`);
            throw error;
        }

        if (!same(receipt.transaction, id)) throw new ConnectionError("the operator's receipt is for another transaction");
        const { epoch } = receipt.proof.tip.lane;
        const isFollowed = this.network.isPossible(epoch) && await this.network.follow(epoch, signal);
        const verifier = isFollowed ? this.network.verifierOf(epoch) : undefined;
        if (verifier === undefined) throw new ConnectionError(`the operator's receipt is of epoch ${epoch}, to which no hand-overs lead`);
        const reason = await checkReceipt(receipt, verifier);
        if (reason !== "None") throw new ConnectionError(`the operator's receipt does not verify: ${reason}`);
        return receipt;
    }

    private async relay(receipt: string, author: OperatorClient, signal: AbortSignal | undefined): Promise<number> {
        let relayed = 0;
        for (const other of this.operators) {
            if (other === author || relayed >= this.quorum.f) continue;
            try {
                await other.call("sharedseq_relayReceipt", [receipt], signal);
                relayed++;
            } catch (error) {
                // Another one will do.
                if (!(error instanceof ConnectionError || error instanceof OperatorError)) throw error;
            }
        }

        return relayed;
    }

    /** The place that an answer proves; undefined while it proves none. */
    private async takePlace(id: Bytes, answer: Answer, signal: AbortSignal | undefined): Promise<CommittedTransaction | undefined> {
        const file = OperatorClient.memberOf(answer, "proof");
        if (file === undefined || file === null) return undefined;
        const { verdict, proof } = await this.network.verify(bytesOf(file), signal);
        if (!isValid(verdict)) throw new ConnectionError(`the operator's proof does not verify: ${verdict.fault}: ${verdict.detail}`);
        if (proof?.kind === "Rejection" && same(proof.rejection.id, id)) throw new TransactionLeftOut(proof);
        if (proof?.kind !== "Transaction" || !same(proof.id, id)) throw new ConnectionError("the operator proves something else");
        const { head } = proof.head;
        return { id, proof, namespace: head.namespace, number: proof.inBlock?.block.number ?? head.number + 1n, place: proof.path.index };
    }
}

/** Whether a proof that holds is of what was asked. */
function answers(question: ProofQuestion, proof: Proof): boolean {
    const [kind, subject] = question;
    switch (proof.kind) {
        case "Commit": return kind === "commit" && proof.headers[0]!.height === subject;
        // The result of a height, or of the next certified one.
        case "Result": return kind === "result" && proof.certificate.result.height >= subject;
        case "NamespaceBlock": return kind === "namespaceBlock" && proof.block.namespace === subject && proof.block.number === question[2];
        case "NamespaceAbsence": return kind === "absence" && proof.namespace === subject;
        case "Transaction": return kind === "transaction" && same(proof.id, subject);
        case "Rejection": return kind === "rejection" && same(proof.rejection.id, subject);
        case "Receipt": return kind === "receipt" && same(proof.receipt.transaction, subject);
        case "Evidence": case "Committee": return false;
    }
}

async function heightOf(operator: OperatorClient, signal: AbortSignal | undefined): Promise<bigint | undefined> {
    try {
        const height = OperatorClient.memberOf(await operator.call("sharedseq_health", [], signal), "finalHeight");
        return typeof height === "number" && Number.isSafeInteger(height) ? BigInt(height) : undefined;
    } catch (error) {
        if (error instanceof ConnectionError || error instanceof OperatorError) return undefined;
        throw error;
    }
}

/** Waits; ends early when the signal does. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
            clearTimeout(timer);
            reject(signal!.reason as Error);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener("abort", onAbort);
            resolve();
        }, ms);
        signal?.addEventListener("abort", onAbort, { once: true });
    });
}
