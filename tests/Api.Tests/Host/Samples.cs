using System.Net;

namespace Workflows.Api.Tests.Host;

/// <summary>Things that tests need to exist.</summary>
internal static class Samples
{
    private static int _names;

    public static string Name(string kind) => $"{kind} {Interlocked.Increment(ref _names)}";

    /// <summary>A definition of one node.</summary>
    public static object Definition(object? parameters = null, string? eventType = null) => new
    {
        schema = 1,
        triggers = eventType is null ? [] : new object[] { new { id = "on", type = "event", eventType } },
        nodes = new object[] { new { id = "only", type = "noop" } },
        edges = Array.Empty<object>(),
        parameters,
    };

    public static async Task<Answer> CreateWorkflowAsync(this ApiClient client, object? definition = null, string[]? tags = null) =>
        (await client.PostAsync("workflows", new { name = Name("workflow"), definition = definition ?? Definition(), tags = tags ?? [] })).Ok(HttpStatusCode.Created);

    public static async Task<Guid> CreatePublishedAsync(this ApiClient client, object? definition = null)
    {
        var id = (await client.CreateWorkflowAsync(definition)).Id;
        (await client.PostAsync($"workflows/{id}/publish")).Ok();
        return id;
    }

    /// <summary>An execution of a published workflow, which nobody works on.</summary>
    public static async Task<Guid> StartedAsync(this ApiClient client, Guid workflow) =>
        (await client.PostAsync($"workflows/{workflow}/execute")).Ok(HttpStatusCode.Accepted).Id;

    /// <summary>A key of the caller's tenant.</summary>
    public static async Task<(Guid Id, string Key)> CreateKeyAsync(this ApiClient client, params string[] scopes)
    {
        var answer = (await client.PostAsync("api-keys", new { name = Name("key"), scopes })).Ok(HttpStatusCode.Created);
        return (answer.Id, answer.Data.GetProperty("key").GetString()!);
    }

    /// <summary>A user of the caller's tenant who is logged in; the credential is an access token.</summary>
    public static async Task<string> LogInNewUserAsync(this ApiClient client, string role)
    {
        var email = $"{Guid.CreateVersion7():N}@example.com";
        const string Password = "correct horse battery";
        (await client.PostAsync("users", new { email, name = role, password = Password, roles = new[] { role } })).Ok(HttpStatusCode.Created);
        return (await client.PostAsync("auth/login", new { email, password = Password })).Ok().Data.GetProperty("accessToken").GetString()!;
    }
}
