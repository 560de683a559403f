using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Budgets;

/// <summary>Budgets of a tenant on what it uses. The workers count and tell; here they are written, and a stop is
/// lifted by the change that makes it groundless.</summary>
internal static class BudgetEndpoints
{
    private static readonly string[] Kinds = ["executions", "steps", "storage", "modelCost"];
    private static readonly string[] Periods = ["day", "month"];
    private static readonly string[] Tellable = ["user", "group", "role"];
    private static readonly int[] UsualThresholds = [80, 100];

    public static void MapBudgets(this IEndpointRouteBuilder routes)
    {
        var budgets = routes.MapGroup("/budgets").WithTags("Budgets");
        budgets.MapGet("", ListAsync).Requires(Permission.UsageRead).WithSummary("List budgets by name");
        budgets.MapGet("/{budgetId:guid}", GetAsync).Requires(Permission.UsageRead).WithSummary("Get a budget");
        budgets.MapPost("", CreateAsync).Requires(Permission.BudgetsManage).WithMetadata(new SuccessStatus(201))
            .WithSummary("Create a budget on executions, steps, storage or the cost of models");
        budgets.MapPatch("/{budgetId:guid}", UpdateAsync).Requires(Permission.BudgetsManage)
            .WithSummary("Change a budget; raised above what is used, it stops nothing any more");
        budgets.MapDelete("/{budgetId:guid}", DeleteAsync).Requires(Permission.BudgetsManage)
            .WithSummary("Delete a budget with its alerts");
        budgets.MapGet("/{budgetId:guid}/alerts", ListAlertsAsync).Requires(Permission.UsageRead)
            .WithSummary("List when thresholds of a budget were reached, newest first");
    }

    private static async Task<ApiResponse<List<BudgetView>>> ListAsync(
        [AsParameters] BudgetQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Kind is { } kind && !Kinds.Contains(kind))
        {
            return Problem.Parameter("kind", $"'kind' is one of {string.Join(", ", Kinds)}.");
        }

        var page = pager.Read<TextKey>(query, request.Caller.TenantId, $"budgets?{filter}");
        var budgets = request.Db.Budgets.AsNoTracking();
        budgets = filter.Kind is { } wanted ? budgets.Where(row => row.Kind == wanted) : budgets;
        budgets = filter.Enabled is { } enabled ? budgets.Where(row => row.Enabled == enabled) : budgets;
        var total = await budgets.CountAsync(query, cancellationToken);
        var rows = await budgets.After(page, after => row => string.Compare(row.Name, after.Text) > 0)
            .OrderBy(row => row.Name).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new TextKey(row.Name, row.Id), total);
        var stops = await request.Db.BudgetStops.AsNoTracking().Where(row => row.Until > request.Now)
            .ToDictionaryAsync(row => row.BudgetId, row => row.Until, cancellationToken);
        return ApiResponse<List<BudgetView>>.Page(
            rows.ConvertAll(row => View(row, stops.TryGetValue(row.Id, out var until) ? until : null)), pagination,
            FieldSelection.Read<BudgetView>(query));
    }

    private static async Task<ApiResponse<BudgetView>> GetAsync(
        Guid budgetId, ApiRequest request, CancellationToken token) =>
        await request.Db.Budgets.AsNoTracking().SingleOrDefaultAsync(row => row.Id == budgetId, token) is { } budget
            ? ApiResponse<BudgetView>.Ok(View(budget, await StopAsync(request, budgetId, token)), budget.Version)
            : new Problem(Errors.BudgetNotFound);

    private static Task<ApiResponse<BudgetView>> CreateAsync(
        Body<CreateBudgetRequest> body, ApiRequest request, MailSettings mails)
    {
        var wanted = body.Value with { Name = Names.Clean(body.Value.Name) };
        var checks = new Checks();
        if (!Kinds.Contains(wanted.Kind))
        {
            checks.Add("kind", "UNKNOWN", $"'kind' is one of {string.Join(", ", Kinds)}.");
        }

        if (!Periods.Contains(wanted.Period))
        {
            checks.Add("period", "UNKNOWN", $"'period' is one of {string.Join(", ", Periods)}.");
        }

        if (wanted.WorkspaceId is not null && wanted.Kind != "modelCost")
        {
            checks.Add("workspaceId", "UNKNOWN", "Only budgets of the kind modelCost are of a workspace.");
        }

        if (checks.Problem is { } problem)
        {
            return Task.FromResult<ApiResponse<BudgetView>>(problem);
        }

        return request.ChangeAsync<BudgetView>(async token =>
        {
            if (await request.Db.Budgets.CountAsync(token) >= Limits.BudgetsPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant has at most {Limits.BudgetsPerTenant} budgets.");
            }

            var budget = New(wanted, request);
            if (budget.WorkspaceId is { } workspace
                && !await request.Db.Workspaces.AnyAsync(row => row.Id == workspace, token))
            {
                return new Problem(Errors.WorkspaceNotFound);
            }

            if (await CheckAsync(request, budget, wanted.Notify ?? [], mails, token) is { } invalid)
            {
                return invalid;
            }

            request.Db.Budgets.Add(budget);
            request.Record("budget.create", "budget", budget.Id, budget.Name, after: Told(budget));
            return ApiResponse<BudgetView>.Created(
                View(budget, null), $"/api/v1/budgets/{budget.Id}", budget.Version);
        });
    }

    private static Budget New(CreateBudgetRequest wanted, ApiRequest request) => new()
    {
        TenantId = request.Caller.TenantId,
        Id = Guid.CreateVersion7(request.Now),
        Name = wanted.Name,
        Kind = wanted.Kind,
        WorkspaceId = wanted.WorkspaceId,
        Period = wanted.Period,
        Amount = wanted.Amount,
        Thresholds = wanted.Thresholds ?? UsualThresholds,
        HardStop = wanted.HardStop,
        Enabled = wanted.Enabled,
        Mail = wanted.Mail,
        CreatedAt = request.Now,
        UpdatedAt = request.Now,
    };

    private static Task<ApiResponse<BudgetView>> UpdateAsync(
        Guid budgetId, Body<UpdateBudgetRequest> body, ApiRequest request, MailSettings mails) =>
        request.ChangeAsync<BudgetView>(async token =>
        {
            var wanted = body.Value;
            if (await request.Db.LockBudgetAsync(budgetId, token) is not { } budget)
            {
                return new Problem(Errors.BudgetNotFound);
            }

            if (request.CheckMatch(budget) is { } conflict)
            {
                return conflict;
            }

            var before = Told(budget);
            budget.Name = wanted.Name is { } name ? Names.Clean(name) : budget.Name;
            budget.Amount = wanted.Amount ?? budget.Amount;
            budget.Thresholds = wanted.Thresholds ?? budget.Thresholds;
            budget.HardStop = wanted.HardStop ?? budget.HardStop;
            budget.Enabled = wanted.Enabled ?? budget.Enabled;
            budget.Mail = wanted.Mail ?? budget.Mail;
            if (await CheckAsync(request, budget, wanted.Notify, mails, token) is { } invalid)
            {
                return invalid;
            }

            budget.Touch(request.Now);
            var stops = budget is { Enabled: true, HardStop: true } && budget.Used >= budget.Amount;
            if (!stops)
            {
                await request.Db.BudgetStops.Where(row => row.BudgetId == budgetId).ExecuteDeleteAsync(token);
            }

            request.Record("budget.update", "budget", budgetId, budget.Name, before, Told(budget));
            return ApiResponse<BudgetView>.Ok(
                View(budget, await StopAsync(request, budgetId, token)), budget.Version);
        });

    private static Task<ApiResponse<Done>> DeleteAsync(Guid budgetId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            if (await request.Db.LockBudgetAsync(budgetId, token) is not { } budget)
            {
                return new Problem(Errors.BudgetNotFound);
            }

            if (request.CheckMatch(budget) is { } conflict)
            {
                return conflict;
            }

            request.Db.Budgets.Remove(budget);
            request.Record("budget.delete", "budget", budgetId, budget.Name, before: Told(budget));
            return new Done(budgetId, "deleted");
        });

    private static async Task<ApiResponse<List<BudgetAlertView>>> ListAlertsAsync(
        Guid budgetId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (!await request.Db.Budgets.AnyAsync(row => row.Id == budgetId, cancellationToken))
        {
            return new Problem(Errors.BudgetNotFound);
        }

        var page = pager.Read<AlertKey>(query, request.Caller.TenantId, $"budgets/{budgetId}/alerts");
        var alerts = request.Db.BudgetAlerts.AsNoTracking().Where(row => row.BudgetId == budgetId);
        var total = await alerts.CountAsync(query, cancellationToken);
        var rows = await alerts.After(page, after => row => row.PeriodStart < after.Period
                || (row.PeriodStart == after.Period && row.Threshold < after.Threshold))
            .OrderByDescending(row => row.PeriodStart).ThenByDescending(row => row.Threshold).Take(page.Take)
            .Select(row => new BudgetAlertView(row.Threshold, row.Used, row.Amount, row.PeriodStart, row.At))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<BudgetAlertView>>.Page(
            rows, page.Close(rows, row => new AlertKey(row.PeriodStart, row.Threshold), total),
            FieldSelection.Read<BudgetAlertView>(query));
    }

    private static async Task<DateTimeOffset?> StopAsync(ApiRequest request, Guid budgetId, CancellationToken token) =>
        await request.Db.BudgetStops.Where(row => row.BudgetId == budgetId && row.Until > request.Now)
            .Select(row => (DateTimeOffset?)row.Until).SingleOrDefaultAsync(token);

    private static async Task<Problem?> CheckAsync(
        ApiRequest request, Budget budget, Principal[]? notify, MailSettings mails, CancellationToken token)
    {
        var checks = new Checks().Name("name", budget.Name);
        if (budget.Amount < 1)
        {
            checks.Add("amount", "RANGE", "'amount' is at least 1.");
        }

        if (budget.Thresholds.Length > Limits.Thresholds
            || budget.Thresholds.Any(percent => percent is < 1 or > Limits.MaxThreshold)
            || budget.Thresholds.Distinct().Count() < budget.Thresholds.Length)
        {
            checks.Add(
                "thresholds", "RANGE",
                $"There are up to {Limits.Thresholds} thresholds, different ones from 1 to {Limits.MaxThreshold}.");
        }

        if (checks.Problem is not null)
        {
            return checks.Problem;
        }

        if (budget.Mail && !mails.CanSend)
        {
            return new Problem(Errors.MailNotConfigured);
        }

        if (notify is null)
        {
            return null;
        }

        if (await request.Db.CheckPrincipalsAsync("notify", notify, Tellable, token) is { } unknown)
        {
            return unknown;
        }

        budget.NotifyKinds = [.. notify.Select(principal => principal.Kind)];
        budget.NotifyIds = [.. notify.Select(principal => principal.Id)];
        return null;
    }

    private static object Told(Budget row) => new
    {
        row.Name,
        row.Kind,
        row.WorkspaceId,
        row.Period,
        row.Amount,
        row.Thresholds,
        row.HardStop,
        row.Enabled,
        row.Mail,
        notify = row.NotifyIds,
    };

    private static BudgetView View(Budget row, DateTimeOffset? stoppedUntil) => new(
        row.Id, row.Name, row.Kind, row.WorkspaceId, row.Period, row.Amount, row.Thresholds, row.HardStop,
        row.Enabled, row.Mail,
        Principal.Of(row.NotifyKinds, row.NotifyIds), row.Used, Math.Round(100.0 * row.Used / row.Amount, 1),
        row.MeasuredAt, stoppedUntil ?? EndOfModels(row), row.Version, row.CreatedAt, row.UpdatedAt);

    // What stops models is looked at call by call: there is no row of it.
    private static DateTimeOffset? EndOfModels(Budget row)
    {
        if (row is not { Kind: "modelCost", HardStop: true, Enabled: true, MeasuredAt: { } at }
            || row.Used < row.Amount)
        {
            return null;
        }

        var day = new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero);
        return row.Period == "day" ? day.AddDays(1) : day.AddDays(1 - day.Day).AddMonths(1);
    }

    private sealed record AlertKey(DateTimeOffset Period, int Threshold);
}
