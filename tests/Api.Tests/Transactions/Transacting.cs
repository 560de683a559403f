using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Transactions;

/// <summary>A transaction of a caller, as clients use it.</summary>
internal sealed class Transacting(ApiClient client, Guid id)
{
    public Guid Id => id;

    public static async Task<Transacting> BeginAsync(ApiClient client, int minutes = 5) =>
        new(client, (await client.PostAsync("transactions/begin", new { minutes })).Ok(HttpStatusCode.Created).Id);

    public Task<Answer> GetAsync(string path) => client.GetAsync(Within(path));

    public Task<Answer> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers) =>
        client.PostAsync(Within(path), body, headers);

    public async Task<Answer> CreateAsync(string path, object body) =>
        (await PostAsync(path, body)).Ok(HttpStatusCode.Created);

    public Task<Answer> PatchAsync(string path, string etag, object body) =>
        client.PatchAsync(Within(path), etag, body);

    public Task<Answer> DeleteAsync(string path, string etag) => client.DeleteAsync(Within(path), etag);

    public Task<Answer> CommitAsync(params (string Name, string Value)[] headers) =>
        client.PostAsync($"transactions/{id}/commit", null, headers);

    public Task<Answer> RollBackAsync() => client.PostAsync($"transactions/{id}/rollback");

    public async Task<string> StateAsync() =>
        (await client.GetAsync($"transactions/{id}")).Ok().Data.GetProperty("state").GetString()!;

    private string Within(string path) =>
        $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}transaction_id={id}";
}
