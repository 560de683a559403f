using System.Text.Json;
using Microsoft.Extensions.AI;
using Workflows.Provider;
using Workflows.Testing;

namespace Workflows.Models.Tests;

/// <summary>Each provider's wire format, as its client of the ecosystem speaks it, against a server that answers so.</summary>
public sealed class ProviderTests(PostgresServer postgres) : IAsyncLifetime
{
    private ModelBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Providers => ["openai", "azure", "compatible", "anthropic", "ollama"];

    public async ValueTask InitializeAsync() => _bed = await ModelBed.StartAsync(postgres);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_whole_answer_has_its_text_tokens_and_cost(string provider)
    {
        await _bed.AddModelAsync(provider);

        var answer = await _bed.Caller.CallAsync(_bed.Request(provider, "What is new?"), Token);

        Assert.Equal("You said: What is new?", answer.Text);
        Assert.Equal((provider, provider), (answer.Provider, answer.Model));
        Assert.Equal("stop", answer.FinishReason);
        Assert.False(answer.IsEstimated);
        Assert.Equal(6, answer.OutputTokens);
        Assert.Equal(6, answer.InputTokens);
        Assert.Equal(0.018m, answer.CostUsd);
        Assert.True(_bed.Provider.Calls.TryPeek(out var call));
        Assert.Equal("the-model", call.Body["model"]!.GetValue<string>());
        Assert.Equal(
            ModelBed.Key,
            provider == "azure" ? call.Headers["api-key"] : call.Headers["Authorization"]["Bearer ".Length..]);
        Assert.NotEqual(provider == "azure", call.Headers.ContainsKey("Authorization"));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_streamed_answer_comes_in_parts_and_ends_with_the_whole(string provider)
    {
        await _bed.AddModelAsync(provider);

        var parts = await _bed.StreamAsync(_bed.Request(provider, "one two three"));

        Assert.Equal("=You said: one two three", parts[^1]);
        Assert.Equal(["You", " said:", " one", " two", " three"], parts[..^1]);
        var row = Assert.Single(await _bed.CallsAsync());
        Assert.Equal("succeeded", row.GetProperty("status").GetString());
        Assert.Equal(6, row.GetProperty("output_tokens").GetInt32());
        Assert.False(row.GetProperty("estimated").GetBoolean());
        Assert.NotEqual(JsonValueKind.Null, row.GetProperty("first_token_ms").ValueKind);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_tool_that_the_model_asks_for_comes_with_its_arguments(string provider)
    {
        await _bed.AddModelAsync(provider);
        _bed.Provider.Next(new ProviderAnswer { Tool = ("weather", """{"city":"Berlin"}""") });
        var request = _bed.Request(provider, "How is the weather?") with
        {
            Options = new ChatOptions
            {
                Tools = [AIFunctionFactory.CreateDeclaration(
                    "weather", "The weather of a city.",
                    JsonElement.Parse("""{"type": "object", "properties": {"city": {"type": "string"}}}"""))],
            },
        };

        var answer = await _bed.Caller.CallAsync(request, Token);

        var call = Assert.Single(answer.ToolCalls);
        Assert.Equal(("weather", "Berlin"), (call.Name, call.Arguments.GetProperty("city").GetString()));
        Assert.Equal("weather", JsonElement.Parse(_bed.Provider.Calls.Single().Body["tools"]!.ToJsonString())[0]
            is var tool && tool.TryGetProperty("function", out var function)
                ? function.GetProperty("name").GetString() : tool.GetProperty("name").GetString());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_answer_by_a_schema_is_data(string provider)
    {
        await _bed.AddModelAsync(provider);
        var request = _bed.Request(provider, "An invoice of 42.5 EUR") with { Schema = Amount };

        var answer = await _bed.Caller.CallAsync(request, Token);

        Assert.Equal(42.5m, answer.Data!.Value.GetProperty("amount").GetDecimal());
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("ollama")]
    public async Task Texts_become_vectors_in_their_order(string provider)
    {
        await _bed.AddModelAsync(provider, kind: "embedding");
        var texts = Enumerable.Range(0, 250).Select(number => $"text {number}").ToList();
        var request = new EmbedRequest(_bed.TenantId, $"{provider}-embedding", new ModelCallOrigin("node"), texts);

        var vectors = await _bed.Caller.EmbedAsync(request, Token);
        var last = await _bed.Caller.EmbedAsync(request with { Texts = ["text 249"] }, Token);

        Assert.Equal(250, vectors.Vectors.Count);
        Assert.Equal(3 + 1, _bed.Provider.Calls.Count);
        Assert.Equal(last.Vectors[0].ToArray(), vectors.Vectors[249].ToArray());
        Assert.True(vectors.CostUsd > 0);
    }

    [Fact]
    public async Task A_vector_of_another_length_than_the_registration_says_is_refused()
    {
        await _bed.AddModelAsync("ollama", kind: "embedding", set: "dimensions = 16");

        var error = await Assert.ThrowsAsync<ModelException>(() => _bed.Caller.EmbedAsync(
            new EmbedRequest(_bed.TenantId, "ollama-embedding", new ModelCallOrigin("node"), ["a"]), Token));

        Assert.Equal(ModelErrorCodes.Answer, error.Code);
    }

    [Fact]
    public async Task An_answer_that_does_not_fit_its_schema_is_asked_for_once_more()
    {
        await _bed.AddModelAsync("compatible");
        _bed.Provider.Next(
            new ProviderAnswer { Text = """{"amount": "much"}""" },
            new ProviderAnswer { Text = "```json\n{\"amount\": 7}\n```" },
            new ProviderAnswer { Text = "I would rather not." },
            new ProviderAnswer { Text = "No." });
        var request = _bed.Request("compatible", "How much?") with { Schema = Amount };

        var mended = await _bed.Caller.CallAsync(request, Token);
        var error = await Assert.ThrowsAsync<ModelException>(() => _bed.Caller.CallAsync(request, Token));

        Assert.Equal(7, mended.Data!.Value.GetProperty("amount").GetInt32());
        Assert.Contains("/amount", _bed.Provider.Calls.ElementAt(1).LastText, StringComparison.Ordinal);
        Assert.Equal(ModelErrorCodes.Schema, error.Code);
        var rows = await _bed.CallsAsync();
        Assert.Equal(["succeeded", "failed"], rows.Select(row => row.GetProperty("status").GetString()));
        // Both rounds are paid, also of what failed.
        Assert.All(rows, row => Assert.True(row.GetProperty("cost").GetDecimal() > 0.05m));
    }

    private static JsonElement Amount { get; } = JsonElement.Parse(
        """{"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}""");
}
