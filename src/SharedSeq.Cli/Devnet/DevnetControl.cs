using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Ethereum;

namespace SharedSeq.Cli;

/// <summary>
/// Takes orders for a running devnet on loopback, from whoever can read the file that names its address and a secret: the user that started it. One
/// request is one JSON object with a command; the answer is an object, with a text under "error" when the command is refused.
/// </summary>
internal sealed class DevnetControl : IAsyncDisposable
{
    /// <summary>Bytes of a request. 64 KiB: commands are short.</summary>
    private const int RequestBytesMax = 64 * 1024;

    private readonly byte[] _secret = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
    private readonly Func<JsonObject, CancellationToken, Task<JsonObject>> _obey;
    private readonly WebApplication _server;
    private readonly string _file;

    private DevnetControl(WebApplication server, string file, Func<JsonObject, CancellationToken, Task<JsonObject>> obey)
    {
        _server = server;
        _file = file;
        _obey = obey;
    }

    /// <summary>The file of a devnet that says where and how it takes orders; there while it runs.</summary>
    public static string FileOf(string dataFolder) => Path.Combine(dataFolder, "control.json");

    /// <param name="dataFolder">The devnet's.</param>
    /// <param name="obey">Carries out a command. A <see cref="CommandException"/> is its refusal.</param>
    public static async Task<DevnetControl> StartAsync(string dataFolder, Func<JsonObject, CancellationToken, Task<JsonObject>> obey)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(System.Net.IPAddress.Loopback, 0);
            options.Limits.MaxRequestBodySize = RequestBytesMax;
        });
        WebApplication server = builder.Build();
        var control = new DevnetControl(server, FileOf(dataFolder), obey);
        server.Run(control.TakeAsync);
        try
        {
            await server.StartAsync();
            control.WriteFile(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
            return control;
        }
        catch
        {
            await control.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives a command to the devnet of a folder.</summary>
    /// <exception cref="CommandException">No devnet runs there, or it refuses.</exception>
    public static async Task<JsonObject> OrderAsync(string dataFolder, JsonObject command, CancellationToken cancellation)
    {
        string file = FileOf(dataFolder);
        if (!File.Exists(file)) throw new CommandException($"no devnet with an L1 runs in '{dataFolder}': start one with sharedseq devnet, or give its --data");
        try
        {
            JsonNode place = JsonNode.Parse(await File.ReadAllTextAsync(file, cancellation))!;
            using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
            using var request = new HttpRequestMessage(HttpMethod.Post, (string)place["endpoint"]!)
            {
                Content = new StringContent(command.ToJsonString(), Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)place["secret"]!);
            using HttpResponseMessage response = await http.SendAsync(request, cancellation);
            if (!response.IsSuccessStatusCode)
                throw new CommandException(string.Create(CultureInfo.InvariantCulture, $"the devnet answers with HTTP status {(int)response.StatusCode}"));
            JsonObject answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))!.AsObject();
            return (string?)answer["error"] is { } refusal ? throw new CommandException(refusal) : answer;
        }
        catch (HttpRequestException e)
        {
            throw new CommandException($"the devnet that '{file}' names does not answer: {e.Message}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentNullException or UriFormatException)
        {
            throw new CommandException($"'{file}' is not what a devnet of this version writes: {e.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(_file);
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await _server.StopAsync(limit.Token);
        await _server.DisposeAsync();
    }

    /// <summary>Only its owner may read it: from the moment on that it is there.</summary>
    private void WriteFile(string endpoint)
    {
        File.Delete(_file);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(_file, options);
        JsonSerializer.Serialize(stream, new { endpoint, secret = Encoding.ASCII.GetString(_secret) }, JsonSerializerOptions.Web);
    }

    private async Task TakeAsync(HttpContext context)
    {
        byte[] given = Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString());
        if (!CryptographicOperations.FixedTimeEquals(given, [.. "Bearer "u8, .. _secret]))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        JsonObject answer;
        try
        {
            answer = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) is JsonObject command
                ? await _obey(command, context.RequestAborted)
                : throw new CommandException("a command is a JSON object");
        }
        catch (Exception e) when (e is CommandException or EthereumRpcException or AnvilException or ToolchainException or IOException or JsonException)
        {
            answer = new JsonObject { ["error"] = e.Message };
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(), Encoding.UTF8, context.RequestAborted);
    }
}
