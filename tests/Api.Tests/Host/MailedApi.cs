using System.Text;
using System.Text.RegularExpressions;
using Workflows.Testing;

namespace Workflows.Api.Tests.Host;

/// <summary>An API that mails, by a server of its own.</summary>
public sealed partial class MailedApi(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    public const string PublicUrl = "https://flows.example";

    private MailServer? _mail;
    private ApiHost? _host;

    /// <summary>Settings beside those of the mail server.</summary>
    public Dictionary<string, string?> Extra { get; } = [];

    public MailServer Mail => _mail ?? throw new InvalidOperationException("Not started yet.");

    public ApiHost Host => _host ?? throw new InvalidOperationException("Not started yet.");

    public PostgresServer Postgres => postgres;

    public RedisServer Redis => redis;

    public async ValueTask InitializeAsync()
    {
        _mail = await MailServer.StartAsync();
        _host = await ApiHost.StartAsync(postgres, redis, new(SettingsFor(_mail.Port).Concat(Extra)));
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Mail.DisposeAsync();
    }

    public static Dictionary<string, string?> SettingsFor(int port) => new()
    {
        ["Mail:Host"] = "127.0.0.1",
        ["Mail:Port"] = $"{port}",
        ["Mail:Security"] = "none",
        ["Mail:From"] = "flows@example.com",
        ["Api:PublicUrl"] = $"{PublicUrl}/",
    };

    /// <summary>Texts of the mails that an address got, in their order; waits until there are so many.</summary>
    public async Task<List<string>> MailsToAsync(string email, int count = 1)
    {
        await Eventually.TrueAsync(
            () => TextsTo(email).Count >= count, cancellationToken: TestContext.Current.CancellationToken);
        return TextsTo(email);
    }

    /// <summary>The token of the last link that an address got.</summary>
    public async Task<string> TokenAsync(string email, string page, int count = 1)
    {
        var text = (await MailsToAsync(email, count))[count - 1];
        var link = Link().Match(text);
        Assert.True(link.Success, text);
        Assert.Equal($"{PublicUrl}/{page}/", link.Groups[1].Value);
        return link.Groups[2].Value;
    }

    public List<string> TextsTo(string email) =>
        [.. Mail.Mails.Where(mail => mail.To.Contains(email)).Select(mail => Plain(mail.Content))];

    // Quoted-printable of ASCII.
    private static string Plain(byte[] content) =>
        Encoding.ASCII.GetString(content).Replace("=\r\n", "", StringComparison.Ordinal)
            .Replace("=3D", "=", StringComparison.Ordinal);

    [GeneratedRegex("(https://[a-z.]+/[a-z-]+/)(wfl_[A-Za-z0-9_-]+)")]
    private static partial Regex Link();
}
