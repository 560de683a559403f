using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Prompts;
using Workflows.Models;

namespace Workflows.Api.PromptCards;

/// <summary>Fills cards, and asks models what they ask.</summary>
internal static class CardRunEndpoints
{
    public static void MapCardRuns(this IEndpointRouteBuilder cards)
    {
        cards.MapPost("/{cardId:guid}/render", RenderAsync).Requires(Permission.PromptsRead)
            .WithSummary("Put variables into a prompt card, and ask nobody")
            .WithDescription("Values are data: one that holds braces or looks like another role stays text.");
        cards.MapPost("/{cardId:guid}/run", RunAsync).Requires(Permission.PromptsRun)
            .WithSummary("Ask several models side by side")
            .WithDescription(
                "A model that fails has its error beside the answers of the others. With an Idempotency-Key a request "
                + "that is sent again gets the same answers, and pays once.");
        cards.MapGet("/{cardId:guid}/executions", ListAsync).Requires(Permission.PromptsRead)
            .WithSummary("List what models answered to a prompt card, newest first");
    }

    private static async Task<ApiResponse<RenderView>> RenderAsync(
        Guid cardId, Body<RenderRequest> body, ApiRequest request, CancellationToken token)
    {
        var (prompt, problem) = await PromptAsync(
            request, cardId, body.Value.Version, body.Value.Variables, mayRun: false, token);
        return problem is not null ? problem : new RenderView(cardId, prompt!.Number, prompt.Messages);
    }

    // Models are asked outside of any transaction: a card that is changed meanwhile keeps no answer waiting.
    private static async Task<ApiResponse<CardRunView>> RunAsync(
        Guid cardId, Body<RunCardRequest> body, ApiRequest request, IModelCaller caller,
            CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (wanted.Models is { } named && (named.Length > Limits.PromptModels
            || named.Any(model => model is null || model.Length > Limits.NameLength)))
        {
            return Problem.Invalid("/models", $"There are at most {Limits.PromptModels} models, each by its name.");
        }

        var (prompt, problem) = await PromptAsync(
            request, cardId, wanted.Version, wanted.Variables, mayRun: true, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        string[] models = wanted.Models is { Length: > 0 } several
            ? [.. several.Distinct()]
            : [prompt!.Content.Settings.Model ?? ""];
        var answers = await Task.WhenAll(models.Select(model => AskAsync(
            request, caller, prompt!, model, KeyOf(request, cardId, model), cancellationToken)));
        return await request.ChangeAsync<CardRunView>(token =>
        {
            request.Db.TestExecutions.AddRange(answers);
            request.Record(
                "prompt_card.run", "prompt_card", cardId, prompt!.Card.Title, after: new { prompt.Number, models });
            return Task.FromResult<ApiResponse<CardRunView>>(
                new CardRunView(cardId, prompt.Number, [.. answers.Select(CardParts.View)]));
        });
    }

    private static async Task<ApiResponse<List<CardAnswerView>>> ListAsync(
        Guid cardId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<TimeKey>(query, request.Caller.TenantId, $"prompt-cards/{cardId}/executions");
        if (await request.FindCardAsync(cardId, cancellationToken) is null)
        {
            return new Problem(Errors.PromptCardNotFound);
        }

        var rows = await request.Db.TestExecutions.AsNoTracking().Where(row => row.PromptCardId == cardId)
            .After(page, after => row => row.CreatedAt < after.At
                || (row.CreatedAt == after.At && row.Id < after.Id))
            .OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new TimeKey(row.CreatedAt, row.Id));
        return ApiResponse<List<CardAnswerView>>.Page(
            rows.ConvertAll(CardParts.View), pagination, FieldSelection.Read<CardAnswerView>(query));
    }

    private sealed record Prompt(
        PromptCard Card, int Number, PromptContent Content, IReadOnlyList<PromptMessage> Messages);

    private static async Task<(Prompt? Prompt, Problem? Problem)> PromptAsync(
        ApiRequest request, Guid cardId, int? version, RawJson? variables, bool mayRun, CancellationToken token)
    {
        var card = await request.FindCardAsync(cardId, token);
        if (card is null)
        {
            return (null, new Problem(Errors.PromptCardNotFound));
        }

        if (mayRun && await request.RefusesAsync("workspace", card.WorkspaceId, ObjectLevel.Edit, token) is { } refusal)
        {
            return (null, refusal);
        }

        if (await request.ContentOfAsync(card, version, token) is not var (number, content))
        {
            return (null, new Problem(Errors.PromptVersionNotFound));
        }

        var rendered = PromptRenderer.Render(
            content, variables?.Text is { } text ? JsonElement.Parse(text) : null);
        return rendered.Problems.Count > 0
            ? (null, CardParts.Refuse(rendered.Problems))
            : (new Prompt(card, number, content, rendered.Messages), null);
    }

    private static async Task<TestExecution> AskAsync(
        ApiRequest request, IModelCaller caller, Prompt prompt, string model, string? key,
        CancellationToken cancellationToken)
    {
        var origin = new ModelCallOrigin("prompt_card")
        {
            WorkspaceId = prompt.Card.WorkspaceId,
            PromptCardId = prompt.Card.Id,
            UserId = request.Caller.PersonId,
            IdempotencyKey = key,
        };
        var row = new TestExecution
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            Kind = TestExecution.OfRun,
            PromptCardId = prompt.Card.Id,
            WorkspaceId = prompt.Card.WorkspaceId,
            CardNumber = prompt.Number,
            Model = model,
            Status = TestExecution.Done,
            CreatedBy = request.Caller.UserId,
            CreatedAt = request.Now,
        };
        var began = Stopwatch.GetTimestamp();
        try
        {
            var answer = await caller.CallAsync(
                PromptRequests.Of(row.TenantId, model, origin, prompt.Messages, prompt.Content.Settings),
                cancellationToken);
            (row.Model, row.LlmProvider, row.Answer) = (answer.Model, answer.Provider, answer.Text);
            (row.InputTokens, row.OutputTokens, row.CostUsd) =
                (answer.InputTokens, answer.OutputTokens, answer.CostUsd);
            row.ExecutionTimeMs = (int)answer.Duration.TotalMilliseconds;
            row.Passed = true;
        }
        catch (ModelException exception)
        {
            row.Error = CardParts.Json(new { code = exception.Code, message = exception.Message });
            row.ExecutionTimeMs = (int)Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            row.Passed = false;
        }

        row.FinishedAt = request.Now + Stopwatch.GetElapsedTime(began);
        return row;
    }

    // Of the tenant's callers each has keys of their own, as everywhere.
    private static string? KeyOf(ApiRequest request, Guid cardId, string model) =>
        IdempotencyKeys.Of(request.Http.Request) is { } key
            ? "card-run:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
                $"{request.Caller.Name}|{cardId}|{key}|{model}|"
                + Convert.ToHexString(RequestBody.HashOf(request.Http)))))
            : null;
}
