# Completion of drawbridge in bash: source this file, or put it into
# /usr/share/bash-completion/completions/drawbridge. What is behind `ctl` is asked of the running proxy.

_drawbridge() {
  local current=${COMP_WORDS[COMP_CWORD]}
  local words="run check route ping ban unban bans audit schema version status reload stop ctl"
  local at word flags=() in_ctl=0
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; ++at)); do
    word=${COMP_WORDS[at]}
    if ((in_ctl == 0)); then
      [[ $word == ctl ]] && in_ctl=1
      continue
    fi
    case $word in
      -c | --config | --set)
        flags+=("$word" "${COMP_WORDS[++at]}")
        ;;
      -*) flags+=("$word") ;;
      *) break ;;
    esac
  done
  if ((in_ctl)); then
    local IFS=$'\n'
    COMPREPLY=($("${COMP_WORDS[0]}" ctl "${flags[@]}" --complete "${COMP_WORDS[@]:at:COMP_CWORD-at+1}" 2>/dev/null))
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F _drawbridge drawbridge
