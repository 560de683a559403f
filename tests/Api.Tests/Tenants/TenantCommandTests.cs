using System.Net;
using System.Text.Json;
using Workflows.Api.Operator;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Tenants;

/// <summary>The operator's commands, and what tenants made and changed by them are like from outside.</summary>
public sealed class TenantCommandTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_tenant_that_is_added_is_whole_and_apart_from_the_first()
    {
        var made = await AddAsync("acme");
        using var owner = api.Host.Client(made.GetProperty("apiKey").GetString());
        using var first = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();

        (await first.GetAsync($"workflows/{workflow}")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        (await owner.GetAsync($"workflows/{workflow}")).Ok();
        using var anybody = api.Host.Client();
        var login = (await anybody.PostAsync(
            "auth/login", new
            {
                email = "boss@acme.example", password = made.GetProperty("ownerPassword").GetString(),
                tenant = "acme"
            })).Ok();
        Assert.Equal(made.GetProperty("tenantId").GetGuid(), login.Data.GetProperty("tenantId").GetGuid());

        var (code, listed, _) = await RunAsync("tenant", "list");
        Assert.Equal(0, code);
        var slugs = listed.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("slug").GetString());
        Assert.Contains("acme", slugs);
        Assert.Contains("default", slugs);
    }

    [Fact]
    public async Task A_suspended_tenant_is_refused_and_a_resumed_one_goes_on()
    {
        var made = await AddAsync("sleepy");
        using var owner = api.Host.Client(made.GetProperty("apiKey").GetString());
        (await owner.GetAsync("workflows")).Ok();

        Assert.Equal(0, (await RunAsync("tenant", "suspend", "sleepy")).Code);
        await BecomesAsync(owner, HttpStatusCode.Unauthorized);
        using var anybody = api.Host.Client();
        (await anybody.PostAsync("auth/login",
            new { email = "boss@sleepy.example", password = made.GetProperty("ownerPassword").GetString() }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        using var first = api.Host.Owner();
        (await first.GetAsync("workflows")).Ok();

        Assert.Equal(0, (await RunAsync("tenant", "resume", "sleepy")).Code);
        await BecomesAsync(owner, HttpStatusCode.OK);
        Assert.Contains((await owner.GetAsync("activity")).Ok().Data.EnumerateArray(), row =>
            row.GetProperty("action").GetString() == "tenant.suspend");
    }

    [Fact]
    public async Task What_is_set_is_what_the_platform_goes_by()
    {
        var made = await AddAsync("limited");
        using var owner = api.Host.Client(made.GetProperty("apiKey").GetString());
        var workflow = await owner.CreatePublishedAsync();

        var (code, output, _) = await RunAsync("tenant", "set", "limited", "--max-queued", "0", "--http-allow",
            "10.0.0.0/8,intranet.example:8080", "--name", "Limited");
        Assert.Equal(0, code);
        var settings = JsonDocument.Parse(output).RootElement.GetProperty("settings");
        Assert.Equal(0, settings.GetProperty("limits").GetProperty("maxQueued").GetInt32());
        Assert.Equal(["10.0.0.0/8", "intranet.example:8080"],
            settings.GetProperty("httpAllow").EnumerateArray().Select(entry => entry.GetString()));
        await Eventually.TrueAsync(
            async () => (await owner.PostAsync(
                $"workflows/{workflow}/execute")).Status == HttpStatusCode.TooManyRequests,
                cancellationToken: TestContext.Current.CancellationToken);

        (code, output, _) = await RunAsync("tenant", "set", "limited", "--max-queued", "none", "--http-allow", "none");
        Assert.Equal(0, code);
        Assert.Equal("{}", JsonDocument.Parse(output).RootElement.GetProperty("settings").GetRawText());
        await Eventually.TrueAsync(
            async () => (await owner.PostAsync($"workflows/{workflow}/execute")).Status == HttpStatusCode.Accepted,
            cancellationToken: TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_lost_password_is_set_anew_and_handed_over_in_a_file_of_the_operators_own()
    {
        await AddAsync("forgetful");
        var file = Path.Combine(Directory.CreateTempSubdirectory("tenant-").FullName, "credentials.json");

        var (code, output, _) = await RunAsync("tenant", "reset-password", "forgetful", "--email",
            "BOSS@forgetful.example", "--credentials-file", file);

        Assert.Equal(0, code);
        var handed = JsonDocument.Parse(
            await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).RootElement;
        var password = handed.GetProperty("ownerPassword").GetString()!;
        Assert.DoesNotContain(password, output, StringComparison.Ordinal);
        Assert.True(OperatingSystem.IsWindows()
            || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        using var anybody = api.Host.Client();
        (await anybody.PostAsync("auth/login", new { email = "boss@forgetful.example", password })).Ok();
    }

    [Theory]
    [InlineData(2, "tenant")]
    [InlineData(2, "tenant", "drop", "default")]
    [InlineData(2, "tenants", "list")]
    [InlineData(2, "tenant", "list", "default")]
    [InlineData(2, "tenant", "add", "Not A Slug", "--name", "x", "--owner", "a@b.example")]
    [InlineData(2, "tenant", "add", "fine", "--name", "x", "--owner", "nobody")]
    [InlineData(2, "tenant", "add", "fine", "--name", "x")]
    [InlineData(2, "tenant", "add", "fine", "--name", "x", "--owner", "a@b.example", "--plan", "gold")]
    [InlineData(2, "tenant", "add", "fine", "--name")]
    [InlineData(1, "tenant", "add", "default", "--name", "x", "--owner", "a@b.example")]
    [InlineData(1, "tenant", "suspend", "nowhere")]
    [InlineData(1, "tenant", "reset-password", "default", "--email", "nobody@example.com")]
    [InlineData(2, "tenant", "set", "default")]
    [InlineData(2, "tenant", "set", "default", "--max-queued", "-1")]
    [InlineData(2, "tenant", "set", "default", "--http-allow", "10.0.0.0/99")]
    public async Task What_cannot_be_meant_changes_nothing_and_says_why(int expected, params string[] command)
    {
        var before = await api.Host.ScalarAsync<string>(
            "select string_agg(t::text, ',' order by tenant_id) from tenants t where slug in ('default', 'fine')");

        var (code, output, error) = await RunAsync(command);

        Assert.Equal(expected, code);
        Assert.Empty(output);
        Assert.NotEmpty(error);
        Assert.Equal(before, await api.Host.ScalarAsync<string>(
            "select string_agg(t::text, ',' order by tenant_id) from tenants t where slug in ('default', 'fine')"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(false, "--urls=http://127.0.0.1:0")]
    [InlineData(false, "--Section:Name", "value")]
    [InlineData(false, "Section:Name=value")]
    [InlineData(true, "tenant", "list")]
    [InlineData(true, "nonsense")]
    public void A_command_line_of_settings_starts_the_service(bool isCommand, params string[] arguments) =>
        Assert.Equal(isCommand, OperatorCommands.IsCommand(arguments));

    private static Task BecomesAsync(ApiClient client, HttpStatusCode status) =>
        Eventually.TrueAsync(async () => (await client.GetAsync("workflows")).Status == status,
            cancellationToken: TestContext.Current.CancellationToken);

    private async Task<JsonElement> AddAsync(string slug)
    {
        var (code, output, error) =
            await RunAsync("tenant", "add", slug, "--name", $"The {slug}", "--owner", $"boss@{slug}.example");
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] command)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await OperatorCommands.RunAsync(api.Host.Services, command, output, error,
            TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
