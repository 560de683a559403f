using Workflows.Api.Conversations;
using Workflows.Api.Embeddings;
using Workflows.Api.Knowledge;
using Workflows.Api.LanguageModels;
using Workflows.Api.PromptCards;
using Workflows.Data.Conversations;
using Workflows.Data.Prompts;
using Workflows.Models;

namespace Workflows.Api;

/// <summary>Models, and what asks them: knowledge, conversations, prompt cards.</summary>
internal static partial class Composition
{
    private static void AddModelsAndKnowledge(IServiceCollection services)
    {
        services.AddModels();
        services.AddKnowledge().AddEmbeddings();
        services.AddSingleton<ConversationStore>();
        services.AddScoped<ChatAnswers>();
        services.AddScoped<ChatGrounding>();
        services.AddSingleton<PromptFigures>();
    }

    private static void MapModelsAndKnowledge(RouteGroupBuilder api)
    {
        api.MapKnowledge();
        api.MapEmbeddings();
        api.MapModels();
        api.MapConversations();
        api.MapPromptCards();
    }
}
