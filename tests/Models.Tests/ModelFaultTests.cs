using Microsoft.Extensions.AI;
using Workflows.Provider;
using Workflows.Testing;

namespace Workflows.Models.Tests;

/// <summary>What providers, networks and dying processes do to calls.</summary>
public sealed class ModelFaultTests(PostgresServer postgres) : IAsyncLifetime
{
    private ModelBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Providers => ProviderTests.Providers;

    public async ValueTask InitializeAsync() => _bed = await ModelBed.StartAsync(postgres);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Passing_failures_are_tried_again_and_the_row_says_how_often(string provider)
    {
        await _bed.AddModelAsync(provider);
        _bed.Provider.Next(
            new ProviderAnswer { Status = 503 }, new ProviderAnswer { Status = 429, RetryAfter = "1" });

        var answer = await _bed.Caller.CallAsync(_bed.Request(provider, "Hello"), Token);

        Assert.Equal("You said: Hello", answer.Text);
        Assert.True(answer.Duration > TimeSpan.FromSeconds(1), $"{answer.Duration}");
        Assert.Equal(2, Assert.Single(await _bed.CallsAsync()).GetProperty("retries").GetInt32());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_streamed_answer_is_tried_again_before_its_first_part(string provider)
    {
        await _bed.AddModelAsync(provider);
        _bed.Provider.Next(new ProviderAnswer { Status = 500 });

        var parts = await _bed.StreamAsync(_bed.Request(provider, "Hello"));

        Assert.Equal(["You", " said:", " Hello", "=You said: Hello"], parts);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_provider_that_asks_to_wait_long_is_not_waited_for_here(string provider)
    {
        await _bed.AddModelAsync(provider);
        _bed.Provider.Next(new ProviderAnswer { Status = 429, RetryAfter = "120", Text = "Slow down." });

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request(provider, "Hello"), Token));

        Assert.Equal(ModelErrorCodes.RateLimited, error.Code);
        Assert.True(error.IsTransient);
        Assert.Equal(TimeSpan.FromSeconds(120), error.RetryAfter);
        Assert.Contains("Slow down.", error.Message, StringComparison.Ordinal);
        Assert.Single(_bed.Provider.Calls);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_refused_key_is_told_without_the_key(string provider)
    {
        await _bed.AddModelAsync(provider);
        _bed.Provider.Next(new ProviderAnswer { Status = 401, Text = $"The key {ModelBed.Key} is wrong." });

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request(provider, "Hello"), Token));

        Assert.Equal(ModelErrorCodes.Unauthorized, error.Code);
        Assert.False(error.IsTransient);
        Assert.DoesNotContain(ModelBed.Key, error.Message, StringComparison.Ordinal);
        var row = Assert.Single(await _bed.CallsAsync());
        Assert.DoesNotContain(ModelBed.Key, row.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(0, row.GetProperty("cost").GetDecimal());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_refused_request_has_the_providers_words(string provider)
    {
        await _bed.AddModelAsync(provider);
        _bed.Provider.Next(new ProviderAnswer { Status = 400, Text = "Too many tokens." });

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request(provider, "Hello"), Token));

        Assert.Equal(ModelErrorCodes.Refused, error.Code);
        Assert.Contains("Too many tokens.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Half_an_answer_is_no_answer(string provider)
    {
        await _bed.AddModelAsync(provider);
        _bed.Provider.Next([.. Enumerable.Repeat(new ProviderAnswer { BreaksOff = true }, 3)]);

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request(provider, "Hello"), Token));

        Assert.Equal(ModelErrorCodes.Answer, error.Code);
        Assert.True(error.IsTransient);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_stream_that_breaks_off_is_not_begun_again_behind_the_readers_back(string provider)
    {
        await _bed.AddModelAsync(provider);
        _bed.Provider.Next(new ProviderAnswer { BreaksOff = true });
        var parts = new List<string>();

        var error = await Assert.ThrowsAsync<ModelException>(async () =>
        {
            await foreach (var update in _bed.Caller.StreamAsync(_bed.Request(provider, "one two three four"), Token))
            {
                parts.Add(update.Text);
            }
        });

        Assert.Equal(ModelErrorCodes.Answer, error.Code);
        Assert.NotEmpty(parts);
        Assert.Single(_bed.Provider.Calls);
        var row = Assert.Single(await _bed.CallsAsync());
        Assert.True(row.GetProperty("estimated").GetBoolean());
        Assert.True(row.GetProperty("cost").GetDecimal() > 0); // what had come may have to be paid
    }

    [Fact]
    public async Task Words_that_are_no_json_are_a_failure_of_the_provider()
    {
        await _bed.AddModelAsync("openai");
        _bed.Provider.Next(new ProviderAnswer { Status = 400, Raw = "<html>Bad gateway</html>" });

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("openai", "Hello"), Token));

        Assert.Contains("Bad gateway", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task No_answer_in_time_ends_the_call(string provider)
    {
        await _bed.AddModelAsync(provider, set: "timeout_seconds = 1");
        _bed.Provider.Next(new ProviderAnswer { Delay = TimeSpan.FromSeconds(30) });

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request(provider, "Hello"), Token));

        Assert.Equal(ModelErrorCodes.Timeout, error.Code);
        var row = Assert.Single(await _bed.CallsAsync());
        Assert.Equal("failed", row.GetProperty("status").GetString());
        Assert.True(row.GetProperty("cost").GetDecimal() > 0);
    }

    [Fact]
    public async Task Who_leaves_a_stream_pays_for_what_has_come()
    {
        await _bed.AddModelAsync("openai");
        _bed.Provider.Next(new ProviderAnswer { Delay = TimeSpan.FromMilliseconds(50) });

        await foreach (var update in _bed.Caller.StreamAsync(_bed.Request("openai", "one two three four five"), Token))
        {
            if (update.Text == " one")
            {
                break;
            }
        }

        var row = Assert.Single(await _bed.CallsAsync());
        Assert.Equal("cancelled", row.GetProperty("status").GetString());
        Assert.Equal(4, row.GetProperty("output_tokens").GetInt32());
    }

    [Fact]
    public async Task A_caller_that_gives_up_ends_the_row()
    {
        await _bed.AddModelAsync("openai");
        _bed.Provider.Next(new ProviderAnswer { Delay = TimeSpan.FromSeconds(30) });
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _bed.Caller.CallAsync(_bed.Request("openai", "Hello"), impatient.Token));

        Assert.Equal("cancelled", Assert.Single(await _bed.CallsAsync()).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("http://10.1.2.3/v1", ModelErrorCodes.Target)]
    [InlineData("http://169.254.169.254/v1", ModelErrorCodes.Target)]
    [InlineData("http://127.0.0.1:1/v1", ModelErrorCodes.Unavailable)]
    [InlineData("http://no-such-host.invalid/v1", ModelErrorCodes.Unavailable)]
    public async Task What_must_not_or_cannot_be_reached_is_told_apart(string address, string code)
    {
        await _bed.AddModelAsync("compatible", address: address);

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("compatible", "Hello"), Token));

        Assert.Equal(code, error.Code);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_with_the_key()
    {
        await _bed.AddModelAsync("openai");
        _bed.Provider.Next(new ProviderAnswer { Status = 307, RetryAfter = null, Raw = "elsewhere" });

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("openai", "Hello"), Token));

        Assert.Equal(ModelErrorCodes.Refused, error.Code);
    }

    [Fact]
    public async Task Tokens_that_nobody_told_are_estimated_and_said_to_be()
    {
        await _bed.AddModelAsync("compatible");
        _bed.Provider.Next(new ProviderAnswer { HidesUsage = true });

        var answer = await _bed.Caller.CallAsync(_bed.Request("compatible", "Hello"), Token);

        Assert.True(answer.IsEstimated);
        Assert.True(answer.OutputTokens > 0);
    }

    [Fact]
    public async Task Models_are_a_tenants_own()
    {
        await _bed.AddModelAsync("openai", tenantId: await _bed.AddTenantAsync());
        await _bed.AddModelAsync("ollama", set: "enabled = false");
        await _bed.AddModelAsync("anthropic", set: "is_default = true");

        var unknown = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("openai", "Hello"), Token));
        var disabled = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("ollama", "Hello"), Token));
        var @default = await _bed.Caller.CallAsync(_bed.Request("", "Hello"), Token);

        Assert.Equal(ModelErrorCodes.Unknown, unknown.Code);
        Assert.Equal(ModelErrorCodes.Disabled, disabled.Code);
        Assert.Equal("anthropic", @default.Model);
    }

    [Fact]
    public async Task A_prompt_without_measure_is_refused_before_it_costs()
    {
        await _bed.AddModelAsync("openai");
        var request = _bed.Request("openai", new string('x', Limits.PromptLength + 1));

        var error = await Assert.ThrowsAsync<ModelException>(() => _bed.Caller.CallAsync(request, Token));

        Assert.Equal(ModelErrorCodes.TooLarge, error.Code);
        Assert.Empty(_bed.Provider.Calls);
        Assert.Empty(await _bed.CallsAsync());
        Assert.Single(request.Messages, message => message.Role == ChatRole.User);
    }
}
