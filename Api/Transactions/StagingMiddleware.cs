using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Transactions;

/// <summary>
/// Requests with <c>?transaction_id=</c>, of routes that can be <see cref="Staged"/>. A write is made after those that
/// are staged, answered, undone, and kept as it was sent; a read sees what it would see after the commit. Both are one
/// transaction of the database, which ends with the answer.
/// </summary>
internal sealed class StagingMiddleware(RequestDelegate next, StagedEndpoints endpoints, TransactionLine line)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint
            || endpoint.Metadata.GetMetadata<Staged>() is not { } staged
            || !context.Request.Query.TryGetValue(Staged.Parameter, out var sent))
        {
            await next(context);
            return;
        }

        if (sent.Count != 1 || !Guid.TryParse(sent[0], out var transactionId))
        {
            await Problem.Parameter(Staged.Parameter, $"'{Staged.Parameter}' is the id of one transaction.")
                .ExecuteAsync(context);
            return;
        }

        // Levels on objects are judged outside of the transaction, where what it makes is not there.
        var caller = Caller.Of(context);
        if (caller.OnlyGranted)
        {
            await new Problem(Errors.Forbidden, "A transaction needs a role that sees the whole tenant.")
                .ExecuteAsync(context);
            return;
        }

        var request = ApiRequest.For(context, caller);
        var write = await ReadAsync(context, endpoint, staged, request, transactionId);
        var response = await line.PassAsync(
            () => staged.Kind is null ? LookAsync(request, write) : StageAsync(request, write, staged.Makes),
            context.RequestAborted);
        await response.ExecuteAsync(context);
    }

    private Task<ApiResponse<RawJson>> LookAsync(ApiRequest request, StagedWrite read) =>
        request.Db.TransactAsync<ApiResponse<RawJson>>(
            async token =>
            {
                var (transaction, refusal) = await request.LockOpenAsync(read.TransactionId, othersToo: false, token);
                if (transaction is null)
                {
                    return refusal!;
                }

                var run = new TransactionRun(request, endpoints);
                await run.MakeAsync(await request.WritesOf(transaction.Id).ToListAsync(token), token);
                return run.Problem is { } conflict
                    ? conflict
                    : ApiResponse<RawJson>.Of(await run.MakeAsync(read, token));
            },
            _ => false,
            request.Http.RequestAborted);

    private Task<ApiResponse<RawJson>> StageAsync(ApiRequest request, StagedWrite write, bool makes) =>
        request.ChangeAsync<RawJson>(async token =>
        {
            var (transaction, refusal) = await request.LockOpenAsync(write.TransactionId, othersToo: false, token);
            if (transaction is null)
            {
                return refusal!;
            }

            var earlier = await request.WritesOf(transaction.Id).ToListAsync(token);
            if (FindFull(earlier, write) is { } full)
            {
                return full;
            }

            write.Number = earlier.Count + 1;
            write.BaseVersion = makes ? null : await BaseAsync(request, write, earlier, token);
            var run = new TransactionRun(request, endpoints);
            var answer = await request.Db.AsPartAsync(
                async part =>
                {
                    await run.MakeAsync(earlier, part);
                    return run.Problem is { } conflict
                        ? CapturedAnswer.Of(conflict) : await run.MakeAsync(write, part);
                },
                _ => false,
                token);
            if (answer.Problem is { } problem)
            {
                return problem;
            }

            write.ObjectId = makes ? IdIn(answer) : write.ObjectId;
            request.Db.StagedWrites.Add(write);
            request.Record(
                "transaction.stage", "transaction", transaction.Id, transaction.Comment,
                after: new { write.Number, write.Method, write.Path });
            return ApiResponse<RawJson>.Of(answer with
            {
                Location = answer.Location is { } made ? $"{made}?{Staged.Parameter}={transaction.Id}" : null,
            });
        });

    private static Problem? FindFull(List<StagedWrite> earlier, StagedWrite write) =>
        earlier.Count >= Limits.TransactionWrites
            ? new Problem(Errors.LimitReached, $"A transaction has at most {Limits.TransactionWrites} writes.")
        : earlier.Append(write).Sum(one => Encoding.UTF8.GetByteCount(one.Body ?? "")) > Limits.TransactionBytes
            ? new Problem(
                Errors.LimitReached,
                $"The bodies of a transaction have together at most {Limits.TransactionBytes} bytes.")
        : null;

    // The first write on an object says from which version; further ones go on from what the transaction made of it.
    private static async Task<int?> BaseAsync(
        ApiRequest request, StagedWrite write, List<StagedWrite> earlier, CancellationToken token) =>
        write.IfMatch?.Trim() == "*" || earlier.Any(one => one.ObjectId == write.ObjectId)
            ? null
            : (await request.Db.LockAsync(
                Enum.Parse<StagedKind>(write.ObjectType, ignoreCase: true), write.ObjectId, token))?.Version;

    private static Guid IdIn(CapturedAnswer answer)
    {
        using var data = JsonDocument.Parse(answer.Data.Text!);
        return data.RootElement.GetProperty("id").GetGuid();
    }

    private static async Task<StagedWrite> ReadAsync(
        HttpContext context, RouteEndpoint endpoint, Staged staged, ApiRequest request, Guid transactionId)
    {
        var sent = context.Request;
        var word = staged.Kind?.Word() ?? "";
        var query = QueryString.Create(sent.Query.Where(pair => pair.Key != Staged.Parameter));
        return new StagedWrite
        {
            TenantId = request.Caller.TenantId,
            TransactionId = transactionId,
            Method = sent.Method,
            Path = sent.Path,
            Query = query.Value ?? "",
            Route = StagedEndpoints.RouteOf(endpoint),
            Body = await BodyAsync(context),
            IfMatch = sent.Headers.IfMatch.Count == 0 ? null : sent.Headers.IfMatch.ToString(),
            ObjectType = word,
            ObjectId = !staged.Makes && staged.Kind is not null
                ? Guid.Parse((string)sent.RouteValues[$"{word}Id"]!) : Guid.Empty,
            Seed = Guid.CreateVersion7(),
            StagedAt = request.Now,
        };
    }

    private static async Task<string?> BodyAsync(HttpContext context)
    {
        if (!RequestBody.IsPresent(context))
        {
            return null;
        }

        await using var body = await RequestBody.ReadJsonAsync(context);
        return Encoding.UTF8.GetString(body.Utf8.Span);
    }
}
