using System.Net;
using Workflows.Api.Tests.Host;
using Workflows.Provider;
using Workflows.Testing;

namespace Workflows.Api.Tests.LanguageModels;

/// <summary>An API that may reach this machine, and a provider of models there.</summary>
public sealed class ModelFixture(PostgresServer postgres, RedisServer redis)
    : ApiFixture(postgres, redis), IAsyncLifetime
{
    public ProviderServer Provider { get; private set; } = null!;

    protected override Dictionary<string, string?> Settings => new() { ["Connectors:Allow:0"] = "127.0.0.1" };

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        Provider = await ProviderServer.StartAsync();
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await Provider.DisposeAsync();
        await DisposeAsync();
    }

    /// <summary>A model by a connector of its own; its name.</summary>
    internal async Task<Answer> AddModelAsync(ApiClient owner, object? more = null, string kind = "chat", string? name = null)
    {
        name ??= $"m{Guid.CreateVersion7():N}";
        var connector = (await owner.PostAsync("connectors", new
        {
            name = $"c{Guid.CreateVersion7():N}",
            type = "model",
            config = new { provider = "compatible", baseUrl = $"{Provider.Address}/v1", apiKey = "sk-of-a-test" },
        })).Ok(HttpStatusCode.Created).Id;
        var body = new Dictionary<string, object?>
        {
            ["name"] = name, ["kind"] = kind, ["connectorId"] = connector, ["model"] = "the-model",
            ["inputPrice"] = 1000, ["outputPrice"] = 2000,
        };
        foreach (var member in more?.GetType().GetProperties() ?? [])
        {
            body[member.Name] = member.GetValue(more);
        }

        return (await owner.PostAsync("models", body)).Ok(HttpStatusCode.Created);
    }
}
