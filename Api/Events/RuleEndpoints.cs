using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Events;

namespace Workflows.Api.Events;

/// <summary>Rules as people edit them. A change counts for the next event that comes.</summary>
internal static class RuleEndpoints
{
    public static void MapRules(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/rules").WithTags("Rules");
        group.MapGet("", ListAsync).Requires(Permission.RulesRead).ReadsStaged().WithSummary("List rules, by priority");
        group.MapPost("", CreateAsync).Requires(Permission.RulesWrite).WithMetadata(new SuccessStatus(201))
            .StagesNew(StagedKind.Rule).WithSummary("Create a rule");
        group.MapGet("/{ruleId:guid}", GetAsync).Requires(Permission.RulesRead).ReadsStaged()
            .WithSummary("Get a rule");
        group.MapPatch("/{ruleId:guid}", UpdateAsync).Requires(Permission.RulesWrite).StagesChange(StagedKind.Rule)
            .WithSummary("Change a rule");
        group.MapDelete("/{ruleId:guid}", DeleteAsync).Requires(Permission.RulesWrite).StagesChange(StagedKind.Rule)
            .WithSummary("Delete a rule");
        group.MapPost("/{ruleId:guid}/test", TestAsync).Requires(Permission.RulesRead).WithSummary("Say what a rule would do with an event, or why not");
        group.MapGet("/{ruleId:guid}/matches", ListMatchesAsync).Requires(Permission.RulesRead).WithSummary("List the events that a rule matched, newest first");
    }

    private static async Task<ApiResponse<List<RuleView>>> ListAsync(
        [AsParameters] RuleQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<PriorityKey>(query, request.Caller.TenantId, $"rules?{filter}");
        var rules = request.Db.Rules.AsNoTracking();
        rules = filter.Enabled is { } enabled ? rules.Where(row => row.Enabled == enabled) : rules;
        rules = filter.Name is { } name ? rules.Where(row => row.Name == name) : rules;
        var total = await rules.CountAsync(query, cancellationToken);
        var rows = (await rules
            .After(page, after => row => row.Priority < after.Priority || (row.Priority == after.Priority && row.Id > after.Id))
            .OrderByDescending(row => row.Priority).ThenBy(row => row.Id).Take(page.Take).ToListAsync(cancellationToken)).ConvertAll(View);
        return ApiResponse<List<RuleView>>.Page(
            rows, page.Close(rows, row => new PriorityKey(row.Priority, row.Id), total), FieldSelection.Read<RuleView>(query));
    }

    private static async Task<ApiResponse<RuleView>> GetAsync(Guid ruleId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.Rules.AsNoTracking().SingleOrDefaultAsync(row => row.Id == ruleId, cancellationToken) is { } row
            ? ApiResponse<RuleView>.Ok(View(row), row.Version)
            : new Problem(Errors.RuleNotFound);

    private static async Task<ApiResponse<RuleView>> CreateAsync(Body<CreateRuleRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var definition = RuleBody.Write(wanted.EventType, wanted.Condition, wanted.Join, wanted.Actions);
        if (RuleBody.Check(wanted.Name, wanted.Description, definition, wanted.Stop, wanted.ActiveFrom, wanted.ActiveTo) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<RuleView>(async token =>
        {
            if (await request.Db.Rules.Take(Data.Limits.RulesPerTenant).CountAsync(token) >= Data.Limits.RulesPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant has at most {Data.Limits.RulesPerTenant} rules.");
            }

            if (await RuleBody.FindMissingAsync(request, definition, token) is { } missing)
            {
                return missing;
            }

            var rule = new RuleRecord
            {
                TenantId = request.Caller.TenantId,
                Id = request.NewId(),
                Name = wanted.Name,
                Description = wanted.Description,
                Definition = definition,
                Priority = wanted.Priority,
                Stop = wanted.Stop,
                ActiveFrom = wanted.ActiveFrom?.ToUniversalTime(),
                ActiveTo = wanted.ActiveTo?.ToUniversalTime(),
                Enabled = wanted.Enabled,
                CreatedBy = request.Caller.UserId,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Rules.Add(rule);
            request.Record("rule.create", "rule", rule.Id, rule.Name, after: Summary(rule));
            return ApiResponse<RuleView>.Created(View(rule), $"/api/v1/rules/{rule.Id}", rule.Version);
        });
    }

    private static Task<ApiResponse<RuleView>> UpdateAsync(Guid ruleId, Body<UpdateRuleRequest> body, ApiRequest request) =>
        request.ChangeAsync<RuleView>(async token =>
        {
            var rule = await request.Db.Rules.SingleOrDefaultAsync(row => row.Id == ruleId, token);
            if (rule is null)
            {
                return new Problem(Errors.RuleNotFound);
            }

            if (request.CheckMatch(rule) is { } conflict)
            {
                return conflict;
            }

            var wanted = body.Value;
            var before = Summary(rule);
            rule.Name = wanted.Name ?? rule.Name;
            rule.Description = wanted.Description ?? rule.Description;
            rule.Definition = RuleBody.Merge(rule.Definition, wanted);
            rule.Priority = wanted.Priority ?? rule.Priority;
            rule.Stop = wanted.Stop ?? rule.Stop;
            rule.ActiveFrom = wanted.ActiveFrom?.ToUniversalTime() ?? (wanted.Always == true ? null : rule.ActiveFrom);
            rule.ActiveTo = wanted.ActiveTo?.ToUniversalTime() ?? (wanted.Always == true ? null : rule.ActiveTo);
            rule.Enabled = wanted.Enabled ?? rule.Enabled;
            if (RuleBody.Check(rule.Name, rule.Description, rule.Definition, rule.Stop, rule.ActiveFrom, rule.ActiveTo) is { } problem)
            {
                return problem;
            }

            if (wanted.Actions is not null && await RuleBody.FindMissingAsync(request, rule.Definition, token) is { } missing)
            {
                return missing;
            }

            rule.Touch(request.Now);
            request.Record("rule.update", "rule", rule.Id, rule.Name, before, Summary(rule));
            return ApiResponse<RuleView>.Ok(View(rule), rule.Version);
        });

    private static Task<ApiResponse<Done>> DeleteAsync(Guid ruleId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var rule = await request.Db.Rules.SingleOrDefaultAsync(row => row.Id == ruleId, token);
        if (rule is null)
        {
            return new Problem(Errors.RuleNotFound);
        }

        if (request.CheckMatch(rule) is { } conflict)
        {
            return conflict;
        }

        rule.DeletedAt = request.Now;
        rule.Touch(request.Now);
        request.Record("rule.delete", "rule", rule.Id, rule.Name, Summary(rule));
        return new Done(rule.Id, "deleted");
    });

    private static async Task<ApiResponse<RuleTestView>> TestAsync(
        Guid ruleId, Body<TestRuleRequest> body, ApiRequest request, CancellationToken cancellationToken)
    {
        var rule = await request.Db.Rules.AsNoTracking().SingleOrDefaultAsync(row => row.Id == ruleId, cancellationToken);
        if (rule is null)
        {
            return new Problem(Errors.RuleNotFound);
        }

        NewEvent? tried;
        var id = Guid.CreateVersion7(request.Now);
        if (body.Value.Event is { } json)
        {
            var (cloudEvent, problem) = CloudEventBody.Parse(json);
            if (problem is not null)
            {
                return problem;
            }

            tried = CloudEventBody.ToNew(cloudEvent!);
        }
        else if (body.Value.EventId is { } eventId)
        {
            var stored = await request.Db.Events.AsNoTracking().SingleOrDefaultAsync(row => row.Id == eventId, cancellationToken);
            if (stored is null)
            {
                return new Problem(Errors.EventNotFound);
            }

            (tried, id) = (EventEndpoints.ToNew(stored), eventId);
        }
        else
        {
            return Problem.Invalid("/event", "Give an 'event', or the 'eventId' of one that was stored.", "MISSING");
        }

        var published = await request.Db.Workflows.Where(row => row.Enabled && row.PublishedVersion != null && RuleBody.Workflows(rule.Definition).Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, row => row.PublishedVersion!.Value, cancellationToken);
        return RuleTestView.Of(EventExplainer.Try(rule, tried, id, published));
    }

    private static async Task<ApiResponse<List<RuleMatchView>>> ListMatchesAsync(
        Guid ruleId, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<MatchKey>(query, request.Caller.TenantId, $"rule-matches:{ruleId}");
        if (!await request.Db.Rules.AnyAsync(row => row.Id == ruleId, cancellationToken))
        {
            return new Problem(Errors.RuleNotFound);
        }

        var matches = request.Db.EventMatches.AsNoTracking().Where(row => row.RuleId == ruleId);
        var total = await matches.CountAsync(query, cancellationToken);
        var rows = await matches
            .After(page, after => row => row.EventId < after.EventId || (row.EventId == after.EventId && string.Compare(row.Target, after.Target) > 0))
            .OrderByDescending(row => row.EventId).ThenBy(row => row.Target).Take(page.Take)
            .Select(row => new RuleMatchView(row.EventId, row.Target, row.WorkflowId, row.ExecutionId, row.EmittedId, row.Notified, row.Reason)).ToListAsync(cancellationToken);
        return ApiResponse<List<RuleMatchView>>.Page(
            rows, page.Close(rows, row => new MatchKey(row.EventId, row.Target), total), FieldSelection.Read<RuleMatchView>(query));
    }

    private static object Summary(RuleRecord row) =>
        new { row.Name, definition = new RawJson(row.Definition), row.Priority, row.Stop, row.ActiveFrom, row.ActiveTo, row.Enabled };

    private static RuleView View(RuleRecord row) => new(
        row.Id, row.Name, row.Description, new RawJson(row.Definition), row.Priority, row.Stop, row.ActiveFrom, row.ActiveTo, row.Enabled, row.Version,
        row.CreatedAt, row.UpdatedAt);

    private sealed record PriorityKey(int Priority, Guid Id);

    private sealed record MatchKey(Guid EventId, string Target);
}
