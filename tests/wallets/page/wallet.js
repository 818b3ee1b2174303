// A page as any wallet or application would write it: viem against the endpoint of a rollup. Nothing here knows of SharedSeq.
import {
    BaseError, createPublicClient, createWalletClient, defineChain, formatEther, http, nonceManager, parseEther, webSocket,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";

const parameters = new URLSearchParams(location.search);
const gateway = parameters.get("gateway");
const recipient = parameters.get("recipient");
// In the fragment, which a browser sends to no server.
const key = location.hash.slice(1);

const account = privateKeyToAccount(key);
const chainId = await createPublicClient({ transport: http(gateway) }).getChainId();
const chain = defineChain({
    id: chainId,
    name: "Rollup",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [gateway], webSocket: [gateway.replace(/^http/, "ws")] } },
});
const options = { chain, transport: http(), pollingInterval: 200 };
const reader = createPublicClient(options);
const wallet = createWalletClient({ ...options, account });

function show(id, text, isError = false) {
    const element = document.getElementById(id);
    element.textContent = text;
    element.className = isError ? "error" : "";
}

async function showBalance() {
    show("balance", `${formatEther(await reader.getBalance({ address: account.address }))} ETH`);
}

async function attempt(id, action) {
    show(id, "…");
    try {
        show(id, await action());
    } catch (error) {
        show(id, error instanceof BaseError ? `${error.shortMessage} (${error.walk().details ?? error.details})` : `${error}`, true);
    }

    await showBalance();
}

async function receiptsOf(hashes) {
    const receipts = await Promise.all(hashes.map(hash => reader.waitForTransactionReceipt({ hash, timeout: 30_000 })));
    return receipts.map(receipt => `${receipt.status} in block ${receipt.blockNumber}`).join(", ");
}

function onClick(id, output, action) {
    document.getElementById(id).onclick = () => attempt(output, action);
}

const payment = { to: recipient, value: parseEther("1") };

// The second goes out before the first has a receipt: its nonce comes from the pending count.
onClick("send-two", "two", async () => {
    const first = await wallet.sendTransaction(payment);
    const second = await wallet.sendTransaction(payment);
    return receiptsOf([first, second]);
});

// Both are on their way at the same time and may arrive in either order.
onClick("send-together", "together", async () => {
    const counted = privateKeyToAccount(key, { nonceManager });
    return receiptsOf(await Promise.all([1, 2].map(() => wallet.sendTransaction({ ...payment, account: counted, gas: 21_000n }))));
});
onClick("send-used", "used", () => wallet.sendTransaction({ ...payment, nonce: 0 }));
onClick("send-much", "much", () => wallet.sendTransaction({ ...payment, value: parseEther("1000000") }));

show("chain", `${chainId}`);
show("account", account.address);
await showBalance();
createPublicClient({ chain, transport: webSocket() }).watchBlockNumber({ onBlockNumber: number => show("head", `${number}`) });
