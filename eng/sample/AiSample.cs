using System.Globalization;
using System.Text;
using System.Text.Json;
using Workflows.Provider;

namespace Workflows.Sample;

/// <summary>
/// Models, knowledge and conversations. Without a provider of one's own against a small server that speaks as OpenAI
/// does; with AI__Provider, AI__BaseUrl, AI__ApiKey and AI__Model against that one.
/// </summary>
internal sealed class AiSample : ISample
{
    private const string Article = """
        # Refunds

        A refund takes five working days. It goes back to the card that was charged.

        ## Gift cards

        Gift cards are refunded as credit, never in cash.
        """;

    public string Name => "ai";

    public string Summary => "a mail is classified and read by a model; a question is answered from an article with its source; a chat";

    public async Task RunAsync(SampleRun run)
    {
        await using var provider = await ProviderServer.StartAsync();
        await run.Outside.AllowAsync(new Uri(provider.Address).Port);
        SampleRun.Say("the operator lets workflows call the provider; every process knows that within five seconds");
        await Task.Delay(TimeSpan.FromSeconds(6), CancellationToken.None);
        await RegisterAsync(run.Api, provider.Address);
        await RunWorkflowAsync(run);
        await AskKnowledgeAsync(run.Api);
        await ChatAsync(run.Api);
        await ShowCostAsync(run.Api);
    }

    private static async Task RegisterAsync(ApiClient api, string address)
    {
        var config = new Dictionary<string, string>
        {
            ["provider"] = Setting("Provider") ?? "compatible", ["apiKey"] = Setting("ApiKey") ?? "none-needed",
        };
        var baseUrl = Setting("BaseUrl") ?? (Setting("Provider") is null ? $"{address}/v1" : null);
        if (baseUrl is not null)
        {
            config["baseUrl"] = baseUrl;
        }

        // Its address is another one each time.
        var connectors = await api.GetAsync("/api/v1/connectors?per_page=100");
        var connector = connectors.EnumerateArray().FirstOrDefault(one => one.GetProperty("name").GetString() == "sample-models");
        var id = connector.ValueKind == JsonValueKind.Undefined
            ? (await api.PostAsync("/api/v1/connectors", new { name = "sample-models", type = "model", config })).GetProperty("id").GetGuid()
            : (await api.ChangeAsync($"/api/v1/connectors/{connector.GetProperty("id").GetGuid()}", new { config })).GetProperty("id").GetGuid();
        var models = await api.GetAsync("/api/v1/models?per_page=100");
        if (!models.EnumerateArray().Any(one => one.GetProperty("name").GetString() == "sample"))
        {
            await api.PostAsync("/api/v1/models", new
            {
                name = "sample",
                kind = "chat",
                connectorId = id,
                model = Setting("Model") ?? "a-model-that-is-none",
                inputPrice = 0.25,
                outputPrice = 2,
                maxOutputTokens = 500,
                isDefault = models.GetArrayLength() == 0,
            });
        }

        SampleRun.Say("the model 'sample' is registered");
    }

    private static async Task RunWorkflowAsync(SampleRun run)
    {
        var workflow = await run.PublishAsync("ai", "Mails");
        var execution = await run.Api.StartAsync(
            workflow, new { mail = "I want a refund!\norder: 4711\namount: 49.90" });
        var ended = await run.Api.WaitForAsync(execution, "completed");
        SampleRun.ShowSteps(ended);
        SampleRun.ShowEnd(ended);
    }

    private static async Task AskKnowledgeAsync(ApiClient api)
    {
        var found = await api.GetAsync("/api/v1/knowledge?text=Refunds&per_page=50");
        if (!found.EnumerateArray().Any(one => one.GetProperty("title").GetString() == "Refunds (sample)"))
        {
            await api.PostAsync("/api/v1/knowledge", new { title = "Refunds (sample)", content = Article, category = "support" });
        }

        await api.UntilAsync(
            "/api/v1/search?q=refund&type=knowledge_article", answer => answer.GetProperty("total").GetInt32() > 0);
        var answer = await api.PostAsync("/api/v1/knowledge/answers", new { question = "How long does a refund take?", model = "sample" });
        SampleRun.Say($"asked how long a refund takes: {answer.GetProperty("answer").GetString() ?? answer.GetProperty("notice").GetString()}");
        foreach (var passage in answer.GetProperty("passages").EnumerateArray().Take(2))
        {
            Console.WriteLine($"    [{passage.GetProperty("number").GetInt32()}] {passage.GetProperty("title").GetString()} > {passage.GetProperty("label").GetString()}  {passage.GetProperty("link").GetString()}");
        }
    }

    private static async Task ChatAsync(ApiClient api)
    {
        var chat = (await api.PostAsync("/api/v1/conversations", new { model = "sample", title = "A chat of the sample" })).GetProperty("id").GetGuid();
        var stream = await api.SendTextAsync($"/api/v1/conversations/{chat}/messages/stream", new { content = "Good morning!" });
        var said = new StringBuilder();
        foreach (var part in stream.Split("\n\n").Where(part => part.StartsWith("event: delta", StringComparison.Ordinal)))
        {
            said.Append(JsonElement.Parse(part[(part.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).GetProperty("text").GetString());
        }

        SampleRun.Say($"chat {chat}: {said}");
    }

    private static async Task ShowCostAsync(ApiClient api)
    {
        var calls = await api.GetAsync("/api/v1/models/calls?per_page=10");
        foreach (var call in calls.EnumerateArray().Reverse())
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"    {call.GetProperty("purpose").GetString(),-10} {call.GetProperty("nodeId").GetString() ?? "",-10} {call.GetProperty("status").GetString(),-10} {call.GetProperty("inputTokens").GetInt64(),5} in {call.GetProperty("outputTokens").GetInt64(),5} out  ${call.GetProperty("costUsd").GetDecimal():0.000000}"));
        }
    }

    private static string? Setting(string name) => Environment.GetEnvironmentVariable($"AI__{name}") is { Length: > 0 } value ? value : null;
}
