using System.Text.Json;
using Microsoft.Extensions.AI;
using Workflows.Engine.Prompts;

namespace Workflows.Models;

/// <summary>Calls of models by what a prompt card holds.</summary>
public static class PromptRequests
{
    /// <param name="model">Its name in the registry; empty = the tenant's default.</param>
    /// <param name="messages">With their variables put in.</param>
    public static ModelRequest Of(
        Guid tenantId, string model, ModelCallOrigin origin, IReadOnlyList<PromptMessage> messages,
        PromptSettings settings) => new(
        tenantId, model, origin,
        [.. messages.Select(message => new ChatMessage(new ChatRole(message.Role), message.Text))])
        {
            Options = new ChatOptions
            {
                Temperature = (float?)settings.Temperature,
                MaxOutputTokens = settings.MaxTokens,
            },
            Schema = settings.ResponseSchema is { ValueKind: JsonValueKind.Object } schema ? schema : null,
        };
}
