//! Puts the help texts of one language on the command tree.

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Cli;
use crate::text::{Lang, cli::help};

/// The command tree with every help text in `lang`.
#[must_use]
pub fn localised(lang: Lang) -> Command {
    let mut root = dressed(Cli::command(), "", lang);
    // The version flag stands on the root alone; its text is the tree's last untranslated one.
    root = root.disable_version_flag(true).arg(
        Arg::new("version")
            .short('V')
            .long("version")
            .action(ArgAction::Version)
            .help(help::version(lang))
            .help_heading(help::options_heading(lang)),
    );
    root
}

/// One command and all below it. `path` names the commands above it, separated by spaces.
fn dressed(command: Command, path: &str, lang: Lang) -> Command {
    let about = help::command(path).map(|text| text.pick(lang));
    let mut command = command
        .disable_help_flag(true)
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help(help::help(lang))
                .help_heading(help::options_heading(lang)),
        )
        .mut_args(|arg| {
            let Some(text) = help::argument(path, arg.get_id().as_str()) else { return arg };
            let heading = match text.group {
                Some(group) => group.heading(lang),
                None if arg.is_positional() => help::arguments_heading(lang),
                None => help::options_heading(lang),
            };
            let mut arg = arg.help(text.help.pick(lang)).help_heading(heading);
            if let Some(name) = text.value {
                arg = arg.value_name(name.pick(lang));
            }
            arg
        })
        .subcommand_value_name(help::command_word(lang))
        .subcommand_help_heading(help::commands_heading(lang));
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(after) = help::after(path) {
        command = command.after_help(after.pick(lang));
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in &names {
        let below = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(name, |sub| dressed(sub, &below, lang));
    }
    command.help_template(help::template(lang))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command and every argument, with the path of the command it stands on.
    fn walk(command: &Command, path: &str, seen: &mut dyn FnMut(&str, Option<&Arg>)) {
        seen(path, None);
        for arg in command.get_arguments() {
            seen(path, Some(arg));
        }
        for sub in command.get_subcommands() {
            let below = if path.is_empty() {
                sub.get_name().to_owned()
            } else {
                format!("{path} {}", sub.get_name())
            };
            walk(sub, &below, seen);
        }
    }

    #[test]
    fn every_command_and_argument_has_its_text() {
        let mut missing = Vec::new();
        walk(&Cli::command(), "", &mut |path, arg| match arg {
            None if help::command(path).is_none() => missing.push(format!("command {path:?}")),
            Some(arg) if help::argument(path, arg.get_id().as_str()).is_none() => {
                missing.push(format!("{path:?} --{}", arg.get_id()));
            }
            _ => {}
        });
        assert!(missing.is_empty(), "without a text: {missing:#?}");
    }

    #[test]
    fn the_tree_is_sound_in_both_languages() {
        for lang in [Lang::Fr, Lang::En] {
            localised(lang).debug_assert();
        }
    }

    #[test]
    fn help_holds_no_word_of_the_other_language() {
        let french = localised(Lang::Fr).render_long_help().to_string();
        let english = localised(Lang::En).render_long_help().to_string();
        for word in ["Usage:", "Options:", "Commands:", "Print help"] {
            assert!(!french.contains(word), "{word:?} in {french}");
        }
        for word in ["Utilisation", "Commandes", "Affiche"] {
            assert!(!english.contains(word), "{word:?} in {english}");
        }
    }
}
