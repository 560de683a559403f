using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Transactions;

/// <summary>
/// Changes of several objects that are prepared together, seen by nobody else meanwhile, and made all at once or not
/// at all. Whoever begins one writes and commits; who manages the tenant can end those of others.
/// </summary>
internal static class TransactionEndpoints
{
    private static readonly string[] States =
        [EditTransaction.Open, EditTransaction.Committed, TransactionAccess.RolledBack, TransactionAccess.Expired];

    public static void MapTransactions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/transactions").WithTags("Transactions").Requires(Permission.None)
            .WithMetadata(new WholeTenantOnly());
        group.MapGet("", ListAsync).WithSummary("List one's own transactions, newest first");
        group.MapPost("/begin", BeginAsync).WithMetadata(new SuccessStatus(201))
            .WithSummary("Begin to prepare changes of several objects");
        group.MapGet("/{transactionId:guid}", GetAsync).WithSummary("Get a transaction with all it has staged");
        group.MapPost("/{transactionId:guid}/commit", CommitAsync)
            .WithSummary("Make all that is staged, or nothing: every conflict is named");
        group.MapPost("/{transactionId:guid}/rollback", RollBackAsync).WithSummary("Drop all that is staged");
    }

    private static async Task<ApiResponse<List<TransactionItem>>> ListAsync(
        [AsParameters] TransactionQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.State is { } state && !States.Contains(state))
        {
            return Problem.Parameter("state", $"'state' is one of {string.Join(", ", States)}.");
        }

        if (filter.All == true && !request.Caller.May(Permission.TenantManage))
        {
            return new Problem(
                Errors.Forbidden, "Transactions of others need the permission 'tenant.manage'.",
                [new ErrorDetail("", "PERMISSION", "tenant.manage")]);
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"transactions?{filter}");
        var (id, type, now) = (request.Caller.Id, request.Caller.ActorType, request.Now);
        var found = request.Db.EditTransactions.AsNoTracking();
        found = filter.All == true ? found : found.Where(row => row.HolderId == id && row.HolderType == type);
        found = filter.State switch
        {
            null => found,
            EditTransaction.Open => found.Where(row => row.State == EditTransaction.Open && row.ExpiresAt > now),
            TransactionAccess.Expired =>
                found.Where(row => row.State == EditTransaction.Open && row.ExpiresAt <= now),
            TransactionAccess.RolledBack => found.Where(row => row.State == EditTransaction.RolledBack),
            _ => found.Where(row => row.State == filter.State),
        };
        var total = await found.CountAsync(query, cancellationToken);
        var rows = (await found.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id)
            .Take(page.Take)
            .Select(row => new
            {
                Row = row,
                Writes = request.Db.StagedWrites.Count(write => write.TransactionId == row.Id),
            })
            .ToListAsync(cancellationToken)).ConvertAll(pair => Item(pair.Row, pair.Writes, now));
        return ApiResponse<List<TransactionItem>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<TransactionItem>(query));
    }

    private static async Task<ApiResponse<TransactionItem>> BeginAsync(Body<BeginRequest> body, ApiRequest request)
    {
        var (minutes, comment) = body.Value;
        var checks = new Checks().Text("comment", comment, Limits.CommentLength);
        if (minutes is < 1 or > Limits.MaxTransactionMinutes)
        {
            checks.Add("minutes", "RANGE", $"'minutes' lies between 1 and {Limits.MaxTransactionMinutes}.");
        }

        if (checks.Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<TransactionItem>(async token =>
        {
            // Two that begin at once do so one after the other, so that neither is one too many.
            var caller = request.Caller;
            _ = caller.IsUser ? (object?)await request.Db.LockUserAsync(caller.Id, token)
                : await request.Db.LockApiKeyAsync(caller.Id, token);
            if (await request.Db.EditTransactions.CountAsync(
                row => row.HolderId == caller.Id && row.State == EditTransaction.Open && row.ExpiresAt > request.Now,
                token) >= Limits.OpenTransactions)
            {
                return new Problem(
                    Errors.LimitReached, $"At most {Limits.OpenTransactions} transactions of one caller are open.");
            }

            var transaction = new EditTransaction
            {
                TenantId = caller.TenantId,
                Id = request.NewId(),
                HolderType = caller.ActorType,
                HolderId = caller.Id,
                Comment = comment,
                CreatedAt = request.Now,
                ExpiresAt = request.Now.AddMinutes(minutes),
            };
            request.Db.EditTransactions.Add(transaction);
            request.Record(
                "transaction.begin", "transaction", transaction.Id, comment, after: new { transaction.ExpiresAt });
            return ApiResponse<TransactionItem>.Created(
                Item(transaction, 0, request.Now), $"/api/v1/transactions/{transaction.Id}");
        });
    }

    private static async Task<ApiResponse<TransactionView>> GetAsync(
        Guid transactionId, ApiRequest request, CancellationToken cancellationToken)
    {
        var row = await request.Db.EditTransactions.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == transactionId, cancellationToken);
        if (row is null || !request.MaySee(row))
        {
            return new Problem(Errors.TransactionNotFound);
        }

        var isHolder = request.IsHolder(row);
        var writes = await request.WritesOf(transactionId).ToListAsync(cancellationToken);
        return new TransactionView(
            row.Id, TransactionAccess.StateOf(row, request.Now), row.Comment, row.HolderType, row.HolderId,
            row.CreatedAt, row.ExpiresAt, row.EndedAt,
            [.. writes.Select(write => new StagedWriteView(
                write.Number, write.Method, write.Path + write.Query, write.ObjectType, write.ObjectId,
                write.BaseVersion, write.IfMatch, isHolder ? RawJson.From(write.Body) : null, write.StagedAt))]);
    }

    private static async Task<ApiResponse<CommittedView>> CommitAsync(
        Guid transactionId, ApiRequest request, StagedEndpoints endpoints, TransactionLine line,
        CancellationToken cancellationToken)
    {
        TransactionRun? run = null;
        var response = await line.PassAsync(() => request.ChangeAsync<CommittedView>(MakeAsync), cancellationToken);
        if (response.Problem is null && response.Replayed is null)
        {
            run!.Tell();
        }

        return response;

        async Task<ApiResponse<CommittedView>> MakeAsync(CancellationToken token)
        {
            var (transaction, refusal) = await request.LockOpenAsync(transactionId, othersToo: false, token);
            if (transaction is null)
            {
                return refusal!;
            }

            run = new TransactionRun(request, endpoints);
            await run.MakeAsync(await request.WritesOf(transactionId).ToListAsync(token), token);
            if (run.Problem is { } conflict)
            {
                return conflict;
            }

            request.Db.EditTransactions.Attach(transaction); // the writes have let go of all that was loaded
            await request.EndAsync(transaction, EditTransaction.Committed, token);
            request.Record(
                "transaction.commit", "transaction", transaction.Id, transaction.Comment,
                after: new { writes = run.Results.Count });
            return new CommittedView(transaction.Id, transaction.State, request.Now, run.Results);
        }
    }

    private static Task<ApiResponse<Done>> RollBackAsync(Guid transactionId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var (transaction, refusal) = await request.LockOpenAsync(transactionId, othersToo: true, token);
            if (transaction is null)
            {
                return refusal!;
            }

            await request.EndAsync(transaction, EditTransaction.RolledBack, token);
            request.Record(
                "transaction.rollback", "transaction", transaction.Id, transaction.Comment,
                after: request.IsHolder(transaction) ? null : new { transaction.HolderType, transaction.HolderId });
            return new Done(transaction.Id, TransactionAccess.RolledBack);
        });

    private static TransactionItem Item(EditTransaction row, int writes, DateTimeOffset now) => new(
        row.Id, TransactionAccess.StateOf(row, now), row.Comment, row.HolderType, row.HolderId, writes, row.CreatedAt,
        row.ExpiresAt, row.EndedAt);
}
